// Kernels of the fused ops on the CPU: one oneDNN primitive with post-ops,
// where oneDNN has it for the types; what it lacks is a step behind it.
#ifndef ASSAY_HARNESS_OPS_FUSED_CPU_FUSED_CPU_H_
#define ASSAY_HARNESS_OPS_FUSED_CPU_FUSED_CPU_H_

#include "absl/status/status.h"
#include "harness/backend/cpu/program_builder.h"

namespace assay::cpu {

absl::Status MakeConv2dFused(ProgramBuilder& builder);
absl::Status MakeLinearFused(ProgramBuilder& builder);

// f32; bf16 and 8-bit where the processor has them. A residual is a float
// beside an 8-bit result, or of the result's type.
absl::Status SupportsFused(const Graph& graph, const Node& node);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_FUSED_CPU_FUSED_CPU_H_
