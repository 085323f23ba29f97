// Kernels of the optimisers on the CPU. Results may overwrite their operands.
#ifndef ASSAY_HARNESS_OPS_OPTIMIZER_CPU_OPTIMIZER_CPU_H_
#define ASSAY_HARNESS_OPS_OPTIMIZER_CPU_OPTIMIZER_CPU_H_

#include "absl/status/status.h"
#include "harness/backend/cpu/program_builder.h"

namespace assay::cpu {

absl::Status MakeSgdStep(ProgramBuilder& builder);
absl::Status MakeAdamwStep(ProgramBuilder& builder);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_OPTIMIZER_CPU_OPTIMIZER_CPU_H_
