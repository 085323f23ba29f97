// Counter-based random numbers on the CPU: the bits of the reference.
#ifndef ASSAY_HARNESS_OPS_RANDOM_CPU_RANDOM_CPU_H_
#define ASSAY_HARNESS_OPS_RANDOM_CPU_RANDOM_CPU_H_

#include "absl/status/status.h"
#include "harness/backend/cpu/program_builder.h"

namespace assay::cpu {

absl::Status MakeRandomUniform(ProgramBuilder& builder);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_RANDOM_CPU_RANDOM_CPU_H_
