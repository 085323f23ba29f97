// Kernels of the convolutions on the CPU, by oneDNN.
#ifndef ASSAY_HARNESS_OPS_CONV_CPU_CONV_CPU_H_
#define ASSAY_HARNESS_OPS_CONV_CPU_CONV_CPU_H_

#include "absl/status/status.h"
#include "harness/backend/cpu/program_builder.h"

namespace assay::cpu {

// A primitive that takes its operands as they lie is preferred to one that
// would need them reordered, unless it is one of oneDNN's slow ones.
absl::Status MakeConv2d(ProgramBuilder& builder);
absl::Status MakeConv2dBackwardData(ProgramBuilder& builder);
absl::Status MakeConv2dBackwardWeights(ProgramBuilder& builder);
absl::Status MakeConvTranspose2d(ProgramBuilder& builder);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_CONV_CPU_CONV_CPU_H_
