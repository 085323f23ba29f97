// Kernels of matrix products on the CPU, by oneDNN; a row times constant
// weights by an own one, since oneDNN takes half a microsecond to begin.
// Transposes are strides.
#ifndef ASSAY_HARNESS_OPS_MATMUL_CPU_MATMUL_CPU_H_
#define ASSAY_HARNESS_OPS_MATMUL_CPU_MATMUL_CPU_H_

#include "absl/status/status.h"
#include "harness/backend/cpu/program_builder.h"

namespace assay::cpu {

absl::Status MakeMatmul(ProgramBuilder& builder);
absl::Status MakeLinear(ProgramBuilder& builder);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_MATMUL_CPU_MATMUL_CPU_H_
