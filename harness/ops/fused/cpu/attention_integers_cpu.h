// attention_fused on integers: products of u8 and s8, with softmax in f32 and
// its result on a grid between them.
#ifndef ASSAY_HARNESS_OPS_FUSED_CPU_ATTENTION_INTEGERS_CPU_H_
#define ASSAY_HARNESS_OPS_FUSED_CPU_ATTENTION_INTEGERS_CPU_H_

#include "absl/status/status.h"
#include "harness/backend/cpu/program_builder.h"

namespace assay::cpu {

absl::Status MakeAttentionIntegers(ProgramBuilder& builder);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_FUSED_CPU_ATTENTION_INTEGERS_CPU_H_
