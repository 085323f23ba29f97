// The kernel of attention_backward on the CPU. Head by head: scores and weights
// are computed again for some queries at a time, whose rows of weights stay in
// the second-level cache through the five products.
#ifndef ASSAY_HARNESS_OPS_FUSED_CPU_ATTENTION_BACKWARD_CPU_H_
#define ASSAY_HARNESS_OPS_FUSED_CPU_ATTENTION_BACKWARD_CPU_H_

#include "absl/status/status.h"
#include "harness/backend/cpu/program_builder.h"

namespace assay::cpu {

absl::Status MakeAttentionBackward(ProgramBuilder& builder);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_FUSED_CPU_ATTENTION_BACKWARD_CPU_H_
