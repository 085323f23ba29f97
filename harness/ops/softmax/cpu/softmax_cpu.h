// Kernels of softmax and cross-entropy on the CPU.
#ifndef ASSAY_HARNESS_OPS_SOFTMAX_CPU_SOFTMAX_CPU_H_
#define ASSAY_HARNESS_OPS_SOFTMAX_CPU_SOFTMAX_CPU_H_

#include "absl/status/status.h"
#include "harness/backend/cpu/program_builder.h"

namespace assay::cpu {

// softmax and log_softmax, by oneDNN.
absl::Status MakeSoftmax(ProgramBuilder& builder);
absl::Status MakeCrossEntropy(ProgramBuilder& builder);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_SOFTMAX_CPU_SOFTMAX_CPU_H_
