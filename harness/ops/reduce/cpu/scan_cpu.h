// Kernels along one axis, on the CPU.
#ifndef ASSAY_HARNESS_OPS_REDUCE_CPU_SCAN_CPU_H_
#define ASSAY_HARNESS_OPS_REDUCE_CPU_SCAN_CPU_H_

#include "absl/status/status.h"
#include "harness/backend/cpu/program_builder.h"

namespace assay::cpu {

absl::Status MakeArgmax(ProgramBuilder& builder);  // ties to the first
absl::Status MakeCumsum(ProgramBuilder& builder);
absl::Status MakeTopK(ProgramBuilder& builder);  // ties to the first

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_REDUCE_CPU_SCAN_CPU_H_
