// Normalisations.
#include <algorithm>
#include <numeric>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/shape.h"
#include "harness/models/onnx/import/converter.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

Ints From(int64_t first, int64_t end) {
  Ints axes(static_cast<size_t>(std::max<int64_t>(end - first, 0)));
  std::iota(axes.begin(), axes.end(), first);
  return axes;
}

// old * momentum + now * (1 - momentum)
ValueId Running(NodeContext& c, ValueId old, ValueId now, double momentum) {
  return c.Add(c.Scale(old, momentum), c.Scale(now, 1 - momentum));
}

void BatchNormalization(NodeContext& c) {
  const ValueId x = c.In(0), scale = c.In(1), shift = c.In(2);
  const ValueId mean = c.Statistic(3, ".mean");
  const ValueId variance = c.Statistic(4, ".variance");
  const Attributes attributes = {{"epsilon", c.Real("epsilon", 1e-5)}};
  const double momentum = c.Real("momentum", 0.9);
  if (c.Int("training_mode", 0) == 0) {
    return c.Out(
        0, c.Op("batch_norm", {x, scale, shift, mean, variance}, attributes));
  }
  const std::vector<ValueId> results =
      c.Ops("batch_norm_training", {x, scale, shift}, attributes);
  if (!c.ok()) return;
  c.Out(0, results[0]);
  if (c.Wants(1)) c.Out(1, Running(c, mean, results[1], momentum));
  if (c.Wants(2)) c.Out(2, Running(c, variance, results[2], momentum));
}

struct Normalized {
  ValueId value, mean, inverse;  // statistics keep their axes
};

Normalized Normalize(NodeContext& c, ValueId x, const Ints& axes,
                     double epsilon) {
  const ValueId mean = c.Mean(x, axes, true);
  const ValueId centered = c.Sub(x, mean);
  const ValueId variance = c.Mean(c.Op("square", {centered}), axes, true);
  const ValueId inverse = c.Op("rsqrt", {c.Offset(variance, epsilon)});
  return {c.Mul(centered, inverse), mean, inverse};
}

// [C] against [N,C,..].
ValueId PerChannel(NodeContext& c, ValueId v, int64_t rank) {
  Shape shape(static_cast<size_t>(std::max<int64_t>(rank, 2)), 1);
  shape[1] = c.Dim(v, 0);
  return c.Reshape(v, shape);
}

void InstanceNormalization(NodeContext& c) {
  const ValueId x = c.In(0);
  const int64_t rank = c.Rank(x);
  if (c.ok() && rank < 3) return c.Invalid("operand 0: no spatial axis");
  const ValueId n =
      Normalize(c, x, From(2, rank), c.Real("epsilon", 1e-5)).value;
  c.Out(0, c.Add(c.Mul(n, PerChannel(c, c.In(1), rank)),
                 PerChannel(c, c.In(2), rank)));
}

// Each of num_groups runs of channels of each sample over all its elements.
void GroupNormalization(NodeContext& c) {
  const ValueId x = c.In(0);
  const int64_t groups = c.Int("num_groups", 0);
  const double epsilon = c.Real("epsilon", 1e-5);
  if (c.Int("stash_type", 1) != 1) {
    return c.Refuse("attribute 'stash_type' other than 1");
  }
  if (!c.ok()) return;
  const Shape shape = c.shape(x);
  if (shape.size() < 2 || groups < 1 || shape[1] % groups != 0) {
    return c.Invalid(absl::StrCat("attribute 'num_groups': ", groups, " for ",
                                  ToString(shape)));
  }
  const int64_t rest = ElementCount(shape) / shape[0] / shape[1];
  const ValueId parts =
      c.Reshape(x, {shape[0], groups, shape[1] / groups, rest});
  const ValueId n =
      c.Reshape(Normalize(c, parts, {2, 3}, epsilon).value, shape);
  const int64_t rank = c.Rank(x);
  c.Out(0, c.Add(c.Mul(n, PerChannel(c, c.In(1), rank)),
                 PerChannel(c, c.In(2), rank)));
}

// Over the last axes from `axis` on, seen as one.
void LayerNormalization(NodeContext& c) {
  const ValueId x = c.In(0);
  const int64_t rank = c.Rank(x), axis = c.Axis(c.Int("axis", -1), rank);
  const double epsilon = c.Real("epsilon", 1e-5);
  if (c.Int("stash_type", 1) != 1) {
    return c.Refuse("attribute 'stash_type' other than 1");
  }
  if (!c.ok()) return;
  const Shape shape = c.shape(x);
  const Shape outer(shape.begin(), shape.begin() + axis);
  const Shape inner(shape.begin() + axis, shape.end());
  const int64_t size = ElementCount(inner);
  Shape flat = outer;
  flat.push_back(size);
  const ValueId scale = c.ReshapedWeights(1, {size});
  const ValueId shift = c.Has(2)
                            ? c.ReshapedWeights(2, {size})
                            : c.Constant(Tensor::Zeros(c.dtype(x), {size}));
  const ValueId src = c.Reshape(x, flat);
  c.Out(0, c.Reshape(
               c.Op("layer_norm", {src, scale, shift}, {{"epsilon", epsilon}}),
               shape));
  if (!c.Wants(1) && !c.Wants(2)) return;
  const Normalized n = Normalize(c, x, From(axis, rank), epsilon);
  c.Out(1, n.mean);
  c.Out(2, n.inverse);
}

void RmsNormalization(NodeContext& c) {
  const ValueId x = c.In(0);
  const int64_t axis = c.Axis(c.Int("axis", -1), c.Rank(x));
  if (c.ok() && axis != c.Rank(x) - 1) {
    return c.Refuse("attribute 'axis' other than the last");
  }
  c.Out(0,
        c.Op("rms_norm", {x, c.In(1)}, {{"epsilon", c.Real("epsilon", 1e-5)}}));
}

// x / (bias + alpha mean)^beta, with the mean of squares over `size`
// neighbouring channels, zeros outside.
void Lrn(NodeContext& c) {
  const ValueId x = c.In(0);
  const int64_t size = c.Int("size", 1);
  const double alpha = c.Real("alpha", 1e-4), beta = c.Real("beta", 0.75),
               bias = c.Real("bias", 1);
  if (!c.ok()) return;
  const Shape shape = c.shape(x);
  if (shape.size() < 2 || size < 1 || size > 1 << 16) {
    return c.Invalid(
        absl::StrCat("attribute 'size': ", size, " for ", ToString(shape)));
  }
  const int64_t rest = ElementCount(shape) / shape[0] / shape[1];
  const ValueId rows =
      c.Reshape(c.Op("square", {x}), {shape[0], 1, shape[1], rest});
  const ValueId means = c.Op("avg_pool", {rows},
                             {{"kernel", Ints{size, 1}},
                              {"pads", Ints{(size - 1) / 2, 0, size / 2, 0}},
                              {"count_include_pad", int64_t{1}}});
  const ValueId base = c.Offset(c.Scale(c.Reshape(means, shape), alpha), bias);
  c.Out(0, c.Mul(x, c.Op("pow_scalar", {base}, {{"exponent", -beta}})));
}

void MeanVarianceNormalization(NodeContext& c) {
  const ValueId x = c.In(0);
  Ints axes = c.IntList("axes", {0, 2, 3});
  for (int64_t& axis : axes) axis = c.Axis(axis, c.Rank(x));
  c.Out(0, Normalize(c, x, axes, 1e-18).value);
}

void LpNormalization(NodeContext& c) {
  const ValueId x = c.In(0);
  const int64_t axis = c.Axis(c.Int("axis", -1), c.Rank(x));
  const int64_t p = c.Int("p", 2);
  if (c.ok() && p != 1 && p != 2) {
    return c.Refuse(absl::StrCat("attribute 'p': ", p));
  }
  const ValueId size =
      p == 1 ? c.Sum(c.Op("abs", {x}), {axis}, true)
             : c.Op("sqrt", {c.Sum(c.Op("square", {x}), {axis}, true)});
  c.Out(0, c.Div(x, size));
}

constexpr OnnxConverter kConverters[] = {
    {"BatchNormalization", 9, BatchNormalization, 5, 5,
     "epsilon momentum training_mode"},
    {"GroupNormalization", 21, GroupNormalization, 3, 3,
     "epsilon num_groups stash_type"},
    {"InstanceNormalization", 6, InstanceNormalization, 3, 3, "epsilon"},
    {"LRN", 1, Lrn, 1, 1, "alpha beta bias size"},
    {"LayerNormalization", 17, LayerNormalization, 2, 3,
     "axis epsilon stash_type"},
    {"LpNormalization", 1, LpNormalization, 1, 1, "axis p"},
    {"MeanVarianceNormalization", 9, MeanVarianceNormalization, 1, 1, "axes"},
    {"RMSNormalization", 23, RmsNormalization, 2, 2, "axis epsilon"},
};

}  // namespace

absl::Span<const OnnxConverter> NormConverters() { return kConverters; }

}  // namespace assay
