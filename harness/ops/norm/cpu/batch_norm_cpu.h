// Kernels of batch normalisation on the CPU. Training reads its source twice
// and the arriving gradient twice, whatever is fused into it.
#ifndef ASSAY_HARNESS_OPS_NORM_CPU_BATCH_NORM_CPU_H_
#define ASSAY_HARNESS_OPS_NORM_CPU_BATCH_NORM_CPU_H_

#include "absl/status/status.h"
#include "harness/backend/cpu/program_builder.h"

namespace assay::cpu {

absl::Status MakeBatchNorm(ProgramBuilder& builder);
// With an add and a relu behind it, if the unit has them.
absl::Status MakeBatchNormTraining(ProgramBuilder& builder);
// With a relu_backward, and an add before that, in front of it.
absl::Status MakeBatchNormBackward(ProgramBuilder& builder);

// f32 or bf16 activations, f32 everything else.
absl::Status SupportsBatchNorm(const Graph& graph, const Node& node);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_NORM_CPU_BATCH_NORM_CPU_H_
