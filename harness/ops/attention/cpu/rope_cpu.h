// Rotary position embedding on the CPU.
#ifndef ASSAY_HARNESS_OPS_ATTENTION_CPU_ROPE_CPU_H_
#define ASSAY_HARNESS_OPS_ATTENTION_CPU_ROPE_CPU_H_

#include "absl/status/status.h"
#include "harness/backend/cpu/program_builder.h"

namespace assay::cpu {

// Angles are tabulated at compile time.
absl::Status MakeRope(ProgramBuilder& builder);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_ATTENTION_CPU_ROPE_CPU_H_
