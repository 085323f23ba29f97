// Fused layers whose weights are mostly zeros (attribute sparse=1): the zeros
// are left out when the program is compiled.
#ifndef ASSAY_HARNESS_OPS_FUSED_CPU_SPARSE_CPU_H_
#define ASSAY_HARNESS_OPS_FUSED_CPU_SPARSE_CPU_H_

#include "absl/status/status.h"
#include "harness/backend/cpu/program_builder.h"

namespace assay::cpu {

// A convolution reads row-major images. What it pads or strides over is first
// copied, so that every weight reads one run of floats.
absl::Status MakeSparseConv2d(ProgramBuilder& builder);
absl::Status MakeSparseLinear(ProgramBuilder& builder);

// f32 throughout, constant weights and bias, one group.
absl::Status SupportsSparse(const Graph& graph, const Node& node);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_FUSED_CPU_SPARSE_CPU_H_
