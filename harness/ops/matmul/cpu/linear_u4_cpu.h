// Kernels of weights of 4 bits.
#ifndef ASSAY_HARNESS_OPS_MATMUL_CPU_LINEAR_U4_CPU_H_
#define ASSAY_HARNESS_OPS_MATMUL_CPU_LINEAR_U4_CPU_H_

#include "absl/status/status.h"
#include "harness/backend/cpu/program_builder.h"

namespace assay::cpu {

// Constant weights are packed when the program is made, others on every run.
// bf16 sources are widened where the processor lacks avx512_bf16.
absl::Status MakeLinearU4(ProgramBuilder& builder);
absl::Status MakeDequantizeU4(ProgramBuilder& builder);

// f32 and bf16.
absl::Status SupportsU4(const Graph& graph, const Node& node);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_MATMUL_CPU_LINEAR_U4_CPU_H_
