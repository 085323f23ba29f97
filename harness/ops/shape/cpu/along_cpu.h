// Kernels that pick and place elements along an axis, on the CPU.
#ifndef ASSAY_HARNESS_OPS_SHAPE_CPU_ALONG_CPU_H_
#define ASSAY_HARNESS_OPS_SHAPE_CPU_ALONG_CPU_H_

#include "absl/status/status.h"
#include "harness/backend/cpu/program_builder.h"

namespace assay::cpu {

// An index that is out of range is OUT_OF_RANGE. Sums are taken in f32.
absl::Status MakeGatherAlong(ProgramBuilder& builder);
absl::Status MakeScatterAddAlong(ProgramBuilder& builder);
absl::Status MakeScatterMax(ProgramBuilder& builder);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_SHAPE_CPU_ALONG_CPU_H_
