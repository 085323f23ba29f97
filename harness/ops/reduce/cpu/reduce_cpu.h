// Kernels of the reductions on the CPU. Sums are carried in double above short
// runs of f32.
#ifndef ASSAY_HARNESS_OPS_REDUCE_CPU_REDUCE_CPU_H_
#define ASSAY_HARNESS_OPS_REDUCE_CPU_REDUCE_CPU_H_

#include "absl/status/status.h"
#include "harness/backend/cpu/program_builder.h"

namespace assay::cpu {

// reduce_sum, reduce_mean, reduce_max; also over the spatial axes of blocked
// layouts as they lie.
absl::Status MakeReduce(ProgramBuilder& builder);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_REDUCE_CPU_REDUCE_CPU_H_
