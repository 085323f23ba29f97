// The kernel of attention_fused on the CPU: keys and values of a head are
// packed once, then blocks of queries go through scores, softmax and the
// product with the values without leaving the first-level cache.
#ifndef ASSAY_HARNESS_OPS_FUSED_CPU_ATTENTION_CPU_H_
#define ASSAY_HARNESS_OPS_FUSED_CPU_ATTENTION_CPU_H_

#include "absl/status/status.h"
#include "harness/backend/cpu/program_builder.h"

namespace assay::cpu {

absl::Status MakeAttentionFused(ProgramBuilder& builder);
absl::Status SupportsAttentionFused(const Graph& graph, const Node& node);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_FUSED_CPU_ATTENTION_CPU_H_
