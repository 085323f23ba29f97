// Attention composed of products and softmax, as one op.
#ifndef ASSAY_HARNESS_GRAPH_REWRITES_FUSE_ATTENTION_H_
#define ASSAY_HARNESS_GRAPH_REWRITES_FUSE_ATTENTION_H_

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"

namespace assay {

// matmul(softmax(scale * q k' + mask), v) with the heads merged behind it
// becomes attention_fused (harness/ops/fused/attention.h). Scales may stand at
// q, at k or at the scores; there may be no mask. Reshapes, transposes and
// slices in front of q, k and v, and repeat_heads, become its views; a constant
// mask of 0 up to the diagonal and at most -1e9 beyond becomes `causal`.
//
// For inference, quantize_linear and dequantize_linear within such a pattern,
// between whose ends everything is computed in floats, are dropped: the result
// is the one without their roundings. For training they keep the pattern as it
// is, and so does a mask that depends on a parameter, because attention_fused
// gives neither a gradient; what is fused differentiates once.
//
// kIntegers is inference in which attention multiplies integers where the
// graph puts q, k, v and the weights on grids of 8 bits, of one constant scale
// each, right in front of the products. What q, k and v are views of is then
// quantized once, column by column on the grid of the operand that reads the
// column. Grids between those products are dropped as above, and weights are on
// a grid of their own row, which is finer than one for all rows.
enum class AttentionUse { kInference, kIntegers, kTraining };
absl::StatusOr<Graph> FuseAttention(
    const Graph& graph, AttentionUse use = AttentionUse::kInference);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_REWRITES_FUSE_ATTENTION_H_
