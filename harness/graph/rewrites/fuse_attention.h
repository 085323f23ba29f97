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
enum class AttentionUse { kInference, kTraining };
absl::StatusOr<Graph> FuseAttention(
    const Graph& graph, AttentionUse use = AttentionUse::kInference);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_REWRITES_FUSE_ATTENTION_H_
