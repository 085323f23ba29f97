// A linear layer.
#ifndef ASSAY_HARNESS_OPS_MATMUL_LINEAR_H_
#define ASSAY_HARNESS_OPS_MATMUL_LINEAR_H_

#include "harness/graph/op_schema.h"
#include "harness/ops/support/infer.h"

namespace assay {

// dst [..,O] = src [..,I] weights' + bias, with weights [O,I] and an optional
// bias [O]; floats of one type, summed in double. Differentiates any number of
// times. Cost: I multiply-accumulates per element of dst.
OpSchema LinearSchema();

// --- What linear_fused shares.

// The shape of dst; INVALID_ARGUMENT when ranks or extents do not fit.
absl::StatusOr<Shape> LinearShape(const Operand& src, const Operand& weights);
void CoupleLinear(ChannelCoupler& coupler);
int64_t LinearMacs(const Graph& graph, const Node& node);

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_MATMUL_LINEAR_H_
