#include "harness/models/compose/gate.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

// Counts `axis` from the front; the builder fails where there is none.
int64_t AxisOf(GraphBuilder& b, ValueId src, int64_t axis) {
  if (!b.ok()) return 0;
  const int64_t rank = static_cast<int64_t>(b.shape(src).size());
  if (axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
  b.Fail(absl::InvalidArgumentError(absl::StrCat(
      "axis: expected a value in [", -rank, ", ", rank, "), got ", axis)));
  return 0;
}

ValueId Half(GraphBuilder& b, ValueId src, int64_t axis, bool second) {
  if (!b.ok()) return kNoValue;
  Ints starts(b.shape(src).size(), 0), ends(starts.size(), INT64_MAX);
  const size_t at = static_cast<size_t>(axis);
  const int64_t middle = b.shape(src)[at] / 2;
  (second ? starts : ends)[at] = middle;
  return b.Op("slice", {src}, {{"starts", starts}, {"ends", ends}});
}

ValueId LogSoftmax(GraphBuilder& b, ValueId x) {
  return b.Op("log_softmax", {x}, {{"axis", int64_t{-1}}});
}

}  // namespace

ValueId Prelu(GraphBuilder& b, ValueId src, ValueId slope) {
  if (!b.ok()) return kNoValue;
  Shape column(std::max<size_t>(b.shape(src).size(), 2), 1);
  column[1] = -1;
  const ValueId negative = b.Op("neg", {b.Op("relu", {b.Op("neg", {src})})});
  return b.Add(b.Op("relu", {src}),
               b.Mul(negative, b.Reshape(slope, std::move(column))));
}

ValueId LeakyRelu(GraphBuilder& b, ValueId src, double slope) {
  const ValueId negative = b.Op("relu", {b.Op("neg", {src})});
  return b.Sub(b.Op("relu", {src}), b.Scale(negative, slope));
}

// The exponent stays at 0 where src is positive, so that nothing overflows.
ValueId Elu(GraphBuilder& b, ValueId src, double alpha) {
  const ValueId below = b.Op("neg", {b.Op("relu", {b.Op("neg", {src})})});
  return b.Add(b.Op("relu", {src}),
               b.Scale(b.Offset(b.Op("exp", {below}), -1), alpha));
}

// -log(sigmoid(-x)) = max(x, 0) - log(sigmoid(|x|)).
ValueId Softplus(GraphBuilder& b, ValueId src) {
  const ValueId rest = b.Op("log", {b.Op("sigmoid", {b.Op("abs", {src})})});
  return b.Sub(b.Op("relu", {src}), rest);
}

ValueId Gated(GraphBuilder& b, ValueId value, ValueId gate,
              const std::string& f) {
  return b.Mul(value, b.Op(f, {gate}));
}

ValueId Glu(GraphBuilder& b, ValueId src, int64_t axis, const std::string& f) {
  const int64_t at = AxisOf(b, src, axis);
  if (!b.ok()) return kNoValue;
  const int64_t extent = b.shape(src)[static_cast<size_t>(at)];
  if (extent % 2 != 0) {
    b.Fail(absl::InvalidArgumentError(
        absl::StrCat("glu: expected an even extent on axis ", at, ", got ",
                     ToString(b.graph().type(src)))));
    return kNoValue;
  }
  return Gated(b, Half(b, src, at, false), Half(b, src, at, true), f);
}

ValueId Maxout(GraphBuilder& b, ValueId src, int64_t pieces) {
  if (!b.ok()) return kNoValue;
  Shape shape = b.shape(src);
  if (shape.size() < 2 || pieces < 1 || shape[1] % pieces != 0) {
    b.Fail(absl::InvalidArgumentError(
        absl::StrCat("maxout: expected a source [N,C,..] with C a multiple of ",
                     pieces, ", got ", ToString(b.graph().type(src)))));
    return kNoValue;
  }
  shape[0] = 0;
  shape[1] /= pieces;
  shape.insert(shape.begin() + 2, pieces);
  return b.Op("reduce_max", {b.Reshape(src, std::move(shape))},
              {{"axes", Ints{2}}, {"keep", int64_t{0}}});
}

// soft - soft is 0, so that no rounding moves the value.
ValueId StraightThrough(GraphBuilder& b, ValueId hard, ValueId soft) {
  const ValueId nothing = b.Sub(soft, b.Op("stop_gradient", {soft}));
  return b.Add(b.Op("stop_gradient", {hard}), nothing);
}

ValueId GumbelSoftmax(GraphBuilder& b, ValueId logits, ValueId uniform,
                      ValueId temperature, bool hard) {
  // 0 has an infinite logarithm; the least other number is 2^-24.
  constexpr double kLeast = 1.0 / (1 << 26);
  const ValueId inner =
      b.Op("log", {b.Op("clip", {uniform}, {{"low", kLeast}})});
  const ValueId noise = b.Op("neg", {b.Op("log", {b.Op("neg", {inner})})});
  const ValueId soft =
      b.Op("softmax", {b.Div(b.Add(logits, noise), temperature)},
           {{"axis", int64_t{-1}}});
  if (!hard || !b.ok()) return soft;
  const ValueId largest = b.Op("argmax", {soft}, {{"axis", int64_t{-1}}});
  const ValueId chosen = b.Op("one_hot", {largest},
                              {{"depth", b.shape(soft).back()},
                               {"dtype", std::string(Name(b.dtype(soft)))}});
  return StraightThrough(b, chosen, soft);
}

ValueId Pact(GraphBuilder& b, ValueId src, ValueId level, int64_t bits) {
  if (b.ok() && (bits < 1 || bits > 16)) {
    b.Fail(absl::InvalidArgumentError(
        absl::StrCat("pact: expected 1 to 16 bits, got ", bits)));
  }
  if (!b.ok()) return kNoValue;
  const int64_t steps = (int64_t{1} << bits) - 1;
  const ValueId clipped = b.Op("minimum", {b.Op("relu", {src}), level});
  const ValueId step = b.Scale(level, 1.0 / static_cast<double>(steps));
  const ValueId rounded = b.Op("lsq_quantize", {clipped, step},
                               {{"low", int64_t{0}}, {"high", steps}});
  return StraightThrough(b, rounded, clipped);
}

ValueId KlDivergence(GraphBuilder& b, ValueId target, ValueId log_q) {
  return b.ReduceSum(b.Mul(b.Op("exp", {target}), b.Sub(target, log_q)), {-1},
                     false);
}

ValueId DistillationLoss(GraphBuilder& b, ValueId student, ValueId teacher,
                         double temperature) {
  const ValueId fixed = b.Op("stop_gradient", {teacher});
  const ValueId rows =
      KlDivergence(b, LogSoftmax(b, b.Scale(fixed, 1 / temperature)),
                   LogSoftmax(b, b.Scale(student, 1 / temperature)));
  return b.Scale(b.Op("reduce_mean", {rows}), temperature * temperature);
}

ValueId MeanSquaredError(GraphBuilder& b, ValueId x, ValueId y) {
  return b.Op("reduce_mean", {b.Op("square", {b.Sub(x, y)})});
}

}  // namespace assay
