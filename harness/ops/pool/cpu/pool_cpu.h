// Kernels of pooling on the CPU.
#ifndef ASSAY_HARNESS_OPS_POOL_CPU_POOL_CPU_H_
#define ASSAY_HARNESS_OPS_POOL_CPU_POOL_CPU_H_

#include "absl/status/status.h"
#include "harness/backend/cpu/program_builder.h"

namespace assay::cpu {

// By oneDNN, in the layout of the source.
absl::Status MakeMaxPool(ProgramBuilder& builder);
absl::Status MakeAvgPool(ProgramBuilder& builder);
absl::Status MakeAvgPoolBackward(ProgramBuilder& builder);

// max_pool_backward and max_pool_select: the first maximum of each window, row
// by row.
absl::Status MakeMaxPoolBackward(ProgramBuilder& builder);
absl::Status MakeMaxPoolSelect(ProgramBuilder& builder);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_POOL_CPU_POOL_CPU_H_
