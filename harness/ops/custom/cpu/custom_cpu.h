// Calls of registered functions on the CPU, on row-major memory.
#ifndef ASSAY_HARNESS_OPS_CUSTOM_CPU_CUSTOM_CPU_H_
#define ASSAY_HARNESS_OPS_CUSTOM_CPU_CUSTOM_CPU_H_

#include "absl/status/status.h"
#include "harness/backend/cpu/program_builder.h"

namespace assay::cpu {

// custom and custom_backward.
absl::Status MakeCustom(ProgramBuilder& builder);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_CUSTOM_CPU_CUSTOM_CPU_H_
