#include "harness/models/compose/sequence.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

ValueId Sigmoid(GraphBuilder& b, ValueId x) { return b.Op("sigmoid", {x}); }
ValueId Tanh(GraphBuilder& b, ValueId x) { return b.Op("tanh", {x}); }

ValueId Linear(GraphBuilder& b, ValueId x, ValueId weights, ValueId bias) {
  std::vector<ValueId> operands = {x, weights};
  if (bias != kNoValue) operands.push_back(bias);
  return b.Op("linear", std::move(operands));
}

int64_t HiddenOf(GraphBuilder& b, const RecurrentWeights& w) {
  return b.ok() ? b.shape(w.recurrent).back() : 1;
}

// Gate `k` of x [N, gates*H].
ValueId Gate(GraphBuilder& b, ValueId x, int64_t k, int64_t hidden) {
  return b.Op("slice", {x},
              {{"starts", Ints{0, k * hidden}},
               {"ends", Ints{INT64_MAX, (k + 1) * hidden}}});
}

// A step, given W src + b as `projected` [N, gates*H].
using Step = RecurrentState (*)(GraphBuilder& b, ValueId projected,
                                const RecurrentWeights& w,
                                const RecurrentState& state);

RecurrentState LstmProjected(GraphBuilder& b, ValueId projected,
                             const RecurrentWeights& w,
                             const RecurrentState& state) {
  const int64_t hidden = HiddenOf(b, w);
  ValueId sum = projected;
  if (state.hidden != kNoValue) {
    sum = b.Add(sum, Linear(b, state.hidden, w.recurrent, w.recurrent_bias));
  } else if (w.recurrent_bias != kNoValue) {
    sum = b.Add(sum, w.recurrent_bias);
  }
  const ValueId in = Sigmoid(b, Gate(b, sum, 0, hidden));
  const ValueId candidate = Tanh(b, Gate(b, sum, 2, hidden));
  const ValueId out = Sigmoid(b, Gate(b, sum, 3, hidden));
  ValueId cell = b.Mul(in, candidate);
  if (state.cell != kNoValue) {
    const ValueId forget = Sigmoid(b, Gate(b, sum, 1, hidden));
    cell = b.Add(b.Mul(forget, state.cell), cell);
  }
  return {b.Mul(out, Tanh(b, cell)), cell};
}

RecurrentState GruProjected(GraphBuilder& b, ValueId projected,
                            const RecurrentWeights& w,
                            const RecurrentState& state) {
  const int64_t hidden = HiddenOf(b, w);
  const auto gate = [&](ValueId x, int64_t k) { return Gate(b, x, k, hidden); };
  const bool first = state.hidden == kNoValue;
  if (first && w.recurrent_bias == kNoValue) {
    const ValueId update = Sigmoid(b, gate(projected, 1));
    const ValueId fresh = Tanh(b, gate(projected, 2));
    return {b.Sub(fresh, b.Mul(update, fresh)), kNoValue};
  }
  const ValueId from_state =
      first ? b.Reshape(w.recurrent_bias, {1, 3 * hidden})
            : Linear(b, state.hidden, w.recurrent, w.recurrent_bias);
  const auto both = [&](int64_t k) {
    return b.Add(gate(projected, k), gate(from_state, k));
  };
  const ValueId reset = Sigmoid(b, both(0)), update = Sigmoid(b, both(1));
  const ValueId fresh =
      Tanh(b, b.Add(gate(projected, 2), b.Mul(reset, gate(from_state, 2))));
  const ValueId step =
      first ? b.Op("neg", {fresh}) : b.Sub(state.hidden, fresh);
  return {b.Add(fresh, b.Mul(update, step)), kNoValue};
}

RecurrentResult Run(GraphBuilder& b, ValueId src, const RecurrentWeights& w,
                    const RecurrentState& initial, bool backwards, Step step) {
  if (b.ok() && b.shape(src).size() != 3) {
    b.Fail(absl::InvalidArgumentError(
        absl::StrCat("recurrent layer: expected a source [N,T,I], got ",
                     ToString(b.graph().type(src)))));
  }
  const ValueId projected = Linear(b, src, w.input, w.bias);
  if (!b.ok()) return {};
  const int64_t steps = b.shape(src)[1], rows = b.shape(projected)[2];
  const int64_t hidden = HiddenOf(b, w);
  RecurrentState state = initial;
  std::vector<ValueId> all(static_cast<size_t>(steps), kNoValue);
  for (int64_t i = 0; i < steps && b.ok(); ++i) {
    const int64_t t = backwards ? steps - 1 - i : i;
    const ValueId now = b.Op("slice", {projected},
                             {{"starts", Ints{0, t, 0}},
                              {"ends", Ints{INT64_MAX, t + 1, INT64_MAX}}});
    state = step(b, b.Reshape(now, {0, rows}), w, state);
    all[static_cast<size_t>(t)] = b.Reshape(state.hidden, {0, 1, hidden});
  }
  RecurrentResult result{kNoValue, state};
  result.sequence =
      steps == 1 ? all[0] : b.Op("concat", all, {{"axis", int64_t{1}}});
  return result;
}

// Mean over `axes` of what the weights keep.
ValueId WeightedMean(GraphBuilder& b, ValueId x, ValueId weights,
                     const Ints& axes) {
  return b.ReduceSum(b.Mul(x, weights), axes, true);
}

}  // namespace

RecurrentState LstmStep(GraphBuilder& b, ValueId src, const RecurrentWeights& w,
                        const RecurrentState& state) {
  return LstmProjected(b, Linear(b, src, w.input, w.bias), w, state);
}

RecurrentState GruStep(GraphBuilder& b, ValueId src, const RecurrentWeights& w,
                       const RecurrentState& state) {
  return GruProjected(b, Linear(b, src, w.input, w.bias), w, state);
}

RecurrentResult Lstm(GraphBuilder& b, ValueId src, const RecurrentWeights& w,
                     const RecurrentState& initial, bool backwards) {
  return Run(b, src, w, initial, backwards, LstmProjected);
}

RecurrentResult Gru(GraphBuilder& b, ValueId src, const RecurrentWeights& w,
                    const RecurrentState& initial, bool backwards) {
  return Run(b, src, w, initial, backwards, GruProjected);
}

ValueId StatisticsPool(GraphBuilder& b, ValueId src, ValueId weights,
                       double floor, VarianceFloor kind) {
  if (!b.ok()) return kNoValue;
  Ints axes;
  for (size_t i = 2; i < b.shape(src).size(); ++i) {
    axes.push_back(static_cast<int64_t>(i));
  }
  if (axes.empty()) {
    b.Fail(absl::InvalidArgumentError(
        absl::StrCat("statistics pool: expected a source [N,C,..] with an axis "
                     "to pool, got ",
                     ToString(b.graph().type(src)))));
    return kNoValue;
  }
  const auto mean_of = [&](ValueId x) {
    return weights == kNoValue ? b.ReduceMean(x, axes, true)
                               : WeightedMean(b, x, weights, axes);
  };
  const ValueId mean = mean_of(src);
  const ValueId variance = mean_of(b.Op("square", {b.Sub(src, mean)}));
  const ValueId kept = kind == VarianceFloor::kAdded
                           ? b.Offset(variance, floor)
                           : b.Op("clip", {variance}, {{"low", floor}});
  const ValueId both =
      b.Op("concat", {mean, b.Op("sqrt", {kept})}, {{"axis", int64_t{1}}});
  return b.Reshape(both, {0, -1});
}

ValueId MaskWeights(GraphBuilder& b, ValueId mask, Ints axes) {
  return b.Div(mask, b.ReduceSum(mask, std::move(axes), true));
}

ValueId MaskedNormalise(GraphBuilder& b, ValueId src, ValueId mask, Ints axes,
                        double epsilon) {
  const ValueId weights = MaskWeights(b, mask, axes);
  const ValueId centred = b.Sub(src, WeightedMean(b, src, weights, axes));
  const ValueId variance =
      WeightedMean(b, b.Op("square", {centred}), weights, axes);
  return b.Mul(b.Mul(centred, b.Op("rsqrt", {b.Offset(variance, epsilon)})),
               mask);
}

ValueId MaskedLayerNorm(GraphBuilder& b, ValueId src, ValueId mask,
                        ValueId scale, ValueId shift, double epsilon) {
  const ValueId normal = MaskedNormalise(b, src, mask, {-1}, epsilon);
  return b.Mul(b.Add(b.Mul(normal, scale), shift), mask);
}

ValueId MaskedRmsNorm(GraphBuilder& b, ValueId src, ValueId mask, ValueId scale,
                      double epsilon) {
  const ValueId weights = MaskWeights(b, mask, {-1});
  const ValueId square = WeightedMean(b, b.Op("square", {src}), weights, {-1});
  const ValueId inverse = b.Op("rsqrt", {b.Offset(square, epsilon)});
  return b.Mul(b.Mul(b.Mul(src, inverse), scale), mask);
}

// After step k, y holds the last 2^k terms of each sum.
ValueId ExponentialScan(GraphBuilder& b, ValueId src, ValueId decay) {
  if (!b.ok()) return kNoValue;
  const size_t rank = b.shape(src).size();
  if (rank < 2) {
    b.Fail(absl::InvalidArgumentError(
        absl::StrCat("exponential scan: expected a source [N,T,..], got ",
                     ToString(b.graph().type(src)))));
    return kNoValue;
  }
  const int64_t steps = b.shape(src)[1];
  ValueId y = src, factor = decay;
  for (int64_t reach = 1; reach < steps && b.ok(); reach *= 2) {
    Ints ends(rank, INT64_MAX), before(rank, 0);
    ends[1] = steps - reach;
    before[1] = reach;
    const ValueId earlier =
        b.Op("slice", {y}, {{"starts", Ints(rank, 0)}, {"ends", ends}});
    const ValueId late =
        b.Op("pad", {earlier}, {{"before", before}, {"after", Ints(rank, 0)}});
    y = b.Add(y, b.Mul(factor, late));
    factor = b.Op("square", {factor});
  }
  return y;
}

ValueId SegmentMean(GraphBuilder& b, ValueId src, ValueId indices,
                    int64_t rows) {
  if (!b.ok()) return kNoValue;
  const ValueId ones = b.Op("broadcast_to", {b.Scalar(b.dtype(src), 1)},
                            {{"shape", b.shape(indices)}});
  const Attributes attributes = {{"rows", rows}};
  const ValueId sum = b.Op("scatter_add", {indices, src}, attributes);
  const ValueId count = b.Op("scatter_add", {indices, ones}, attributes);
  if (!b.ok()) return kNoValue;
  Shape column(b.shape(sum).size(), 1);
  column[0] = rows;
  return b.Div(sum, b.Reshape(b.Op("clip", {count}, {{"low", 1.0}}), column));
}

ValueId SegmentSoftmax(GraphBuilder& b, ValueId src, ValueId indices,
                       int64_t rows) {
  const Attributes attributes = {{"rows", rows}};
  const ValueId fixed = b.Op("stop_gradient", {src});
  const std::vector<ValueId> top =
      b.Ops("scatter_max", {indices, fixed}, attributes);
  if (!b.ok()) return kNoValue;
  const ValueId powers =
      b.Op("exp", {b.Sub(src, b.Op("gather", {top[0], indices}))});
  const ValueId sums = b.Op("scatter_add", {indices, powers}, attributes);
  return b.Div(powers, b.Op("gather", {sums, indices}));
}

}  // namespace assay
