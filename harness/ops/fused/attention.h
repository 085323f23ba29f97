// Attention of several heads as one op, as lowering and training steps make it.
// Differentiates once, but for the mask (attention_backward.h).
//
// Operands: query, key and value, f32, f64 or bf16, or each u8 or s8, of any
// shape: each is read through a view into its elements, so that heads are
// neither transposed nor split apart. mask, absent or [1|B, 1|H, 1|T, 1|S] of
// f32 (f64 with f64), is added to the scores. Attributes:
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
//   query_scale, query_zero_point, key_scale, key_zero_point, value_scale,
//   value_zero_point
//                of integer operands: real = scale * (q - zero_point). Scales
//                default to 1 and must be positive, as `scale` must; zero
//                points default to 0 and must fit the type
//
// dst [B, T, H * D], of query's type:
//   softmax over s of (scale * sum over d of q k + mask), times v
// Sums are taken in f32 (f64 for f64), weights of the values are rounded to
// bf16 with bf16. At least one key must be seen by every query, and masks must
// be finite.
//
// Integers (D and S at most 65,793, so that no sum can overflow) give f32:
//   1. score = scale * query_scale * key_scale *
//              sum over d of (q - query_zero_point) (k - key_zero_point) +
//              mask,
//      the sum exactly
//   2. w = round(255 * exp(score - the largest of the row)): weights are on a
//      grid of 256 steps of their own row, whose largest is exact
//   3. dst = value_scale * sum over s of w (v - value_zero_point) / sum of w,
//      both sums exactly
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

// The grid of an integer operand.
struct AttentionGrid {
  double scale = 1;
  int64_t zero_point = 0;
};

// The attributes of a node that inference accepted. `operand` is "query", "key"
// or "value".
AttentionGrid AttentionGridOf(const Attributes& attributes,
                              const std::string& operand);
HeadView HeadViewOf(const Attributes& attributes, const char* name);
AttentionExtents ExtentsOf(const Attributes& attributes);

// What both directions have, with types.
std::map<std::string, std::string> AttentionAttributes();

// What inference checks of both directions, on floats; operand `mask` may be
// absent.
absl::Status CheckAttention(const InferContext& context, size_t mask);

// The element of a broadcast mask; 0 without one.
double AttentionMaskAt(const Tensor* mask, int64_t b, int64_t h, int64_t t,
                       int64_t s);

OpSchema AttentionFusedSchema();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_FUSED_ATTENTION_H_
