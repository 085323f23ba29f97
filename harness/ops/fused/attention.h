// Attention of several heads as one op, as lowering and training steps make it.
// Differentiates once, but for the mask (attention_backward.h).
//
// Operands: query, key and value, f32, f64 or bf16, of any shape: each is read
// through a view into its elements, so that heads are neither transposed nor
// split apart. mask, absent or [1|B, 1|H, 1|T, 1|S] of f32 (f64 with f64), is
// added to the scores. Attributes:
//   extents      [B, H, T, S, D]: batch, heads, queries, keys, features of a
//                head
//   query_view, key_view, value_view
//                [offset, batch, head, row]: element d of row t of head h lies
//                at offset + b * batch + h * head + t * row + d. Keys and
//                values may give one head to several queries' heads with
//                `repeats`: h stands for h / repeats then
//   repeats      default 1
//   scale        of the scores, default 1
//   causal       1: query t sees keys 0 to t + S - T. Default 0
//
// dst [B, T, H * D], of query's type:
//   softmax over s of (scale * sum over d of q k + mask), times v
// Sums are taken in f32 (f64 for f64), weights of the values are rounded to
// bf16 with bf16. At least one key must be seen by every query, and masks must
// be finite.
//
// Cost: 2 * B * H * T * S * D multiply-accumulates, S * D scratch per head.
#ifndef ASSAY_HARNESS_OPS_FUSED_ATTENTION_H_
#define ASSAY_HARNESS_OPS_FUSED_ATTENTION_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "harness/core/tensor.h"
#include "harness/graph/op_schema.h"

namespace assay {

// A head's rows in a tensor: see above.
struct HeadView {
  int64_t offset = 0, batch = 0, head = 0, row = 0;
};

struct AttentionExtents {
  int64_t batch = 1, heads = 1, queries = 1, keys = 1, features = 1;
};

// The attributes of a node that inference accepted.
HeadView HeadViewOf(const Attributes& attributes, const char* name);
AttentionExtents ExtentsOf(const Attributes& attributes);

// What both directions have, with types.
std::map<std::string, std::string> AttentionAttributes();

// What inference checks of both directions; operand `mask` may be absent.
absl::Status CheckAttention(const InferContext& context, size_t mask);

// The element of a broadcast mask; 0 without one.
double AttentionMaskAt(const Tensor* mask, int64_t b, int64_t h, int64_t t,
                       int64_t s);

OpSchema AttentionFusedSchema();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_FUSED_ATTENTION_H_
