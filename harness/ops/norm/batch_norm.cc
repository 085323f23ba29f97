#include "harness/ops/norm/batch_norm.h"

#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "harness/core/status_macros.h"
#include "harness/graph/gradient.h"
#include "harness/ops/norm/algebra.h"
#include "harness/ops/support/couple.h"
#include "harness/ops/support/infer.h"
#include "harness/ops/support/visit.h"

namespace assay {
namespace {

double Epsilon(const Attributes& attributes) {
  return attributes.Real("epsilon", 1e-5);
}

// Checks src and epsilon, and operands from `first` on as vectors of channels.
absl::Status CheckNorm(const InferContext& context, size_t first,
                       std::initializer_list<absl::string_view> vectors) {
  const Operand src(context, 0, "src");
  ASSAY_RETURN_IF_ERROR(src.IsFloat());
  ASSAY_RETURN_IF_ERROR(src.HasRankAtLeast(2, "[N,C,..]"));
  ASSAY_RETURN_IF_ERROR(CheckRange("epsilon", Epsilon(context.attributes), 0,
                                   std::numeric_limits<double>::max()));
  for (const absl::string_view name : vectors) {
    ASSAY_RETURN_IF_ERROR(Operand(context, first++, name)
                              .Has(StatisticsType(src.dtype()), {src.dim(1)}));
  }
  return absl::OkStatus();
}

TensorType ChannelType(const InferContext& context) {
  const TensorType& src = *context.inputs[0];
  return {StatisticsType(src.dtype), {src.shape[1]}};
}

// Extents of [N,C,..] with the trailing axes as one.
struct Layout {
  int64_t batch, channels, inner;
  explicit Layout(const Shape& shape)
      : batch(shape[0]),
        channels(shape[1]),
        inner(ElementCount(absl::MakeConstSpan(shape).subspan(2))) {}
  double count() const { return static_cast<double>(batch * inner); }

  // visit(i) for every element of channel c.
  template <typename Visit>
  void ForEach(int64_t c, const Visit& visit) const {
    for (int64_t n = 0; n < batch; ++n) {
      const int64_t start = (n * channels + c) * inner;
      for (int64_t i = start; i < start + inner; ++i) visit(i);
    }
  }
};

// --- A gradient's view: values [N,C,..] and vectors of channels in one type.

struct Channels {
  GraphBuilder& b;
  DType dtype;  // of statistics
  Shape shape;
  Algebra algebra;

  explicit Channels(GradientBuilder& g)
      : b(g.b()),
        dtype(StatisticsType(b.dtype(g.input(0)))),
        shape(b.shape(g.input(0))),
        algebra(&b, shape, AllButOne(shape.size())) {}

  static std::vector<int64_t> AllButOne(size_t rank) {
    std::vector<int64_t> axes(rank);
    std::iota(axes.begin(), axes.end(), 0);
    axes.erase(axes.begin() + 1);
    return axes;
  }

  // Absent values stay absent.
  ValueId Values(ValueId v) { return v == kNoValue ? v : CastTo(b, v, dtype); }
  ValueId Vector(ValueId v) {
    if (v == kNoValue) return v;
    Shape spread(shape.size(), 1);
    spread[1] = shape[1];
    return b.Reshape(v, spread);
  }
  ValueId AsVector(ValueId statistic) {
    return b.Reshape(statistic, {shape[1]});
  }

  ValueId Rstd(ValueId variance, const Attributes& attributes) {
    return b.Op("rsqrt", {b.Offset(variance, Epsilon(attributes))});
  }
};

// --- batch_norm

absl::Status InferBatchNorm(InferContext& context) {
  ASSAY_RETURN_IF_ERROR(
      CheckNorm(context, 1, {"scale", "shift", "mean", "variance"}));
  return SetResults(context, {*context.inputs[0]});
}

// dst = (src - mean) / sqrt(variance + epsilon) * scale + shift, channel c.
template <typename T>
void Normalise(const Layout& layout, int64_t c, const T* src, double mean,
               double rstd, double scale, double shift, T* dst) {
  layout.ForEach(c, [&](int64_t i) {
    const double x = (static_cast<double>(src[i]) - mean) * rstd;
    dst[i] = static_cast<T>(x * scale + shift);
  });
}

absl::Status BatchNormReference(ReferenceContext& context) {
  const Tensor& src = *context.inputs[0];
  const Layout layout(src.shape());
  const double epsilon = Epsilon(context.attributes);
  return VisitFloat(src.dtype(), [&]<typename T>() {
    const auto at = [&](size_t operand, int64_t c) {
      return static_cast<double>(context.inputs[operand]->data<T>()[c]);
    };
    for (int64_t c = 0; c < layout.channels; ++c) {
      Normalise(layout, c, src.data<T>(), at(3, c),
                1 / std::sqrt(at(4, c) + epsilon), at(1, c), at(2, c),
                context.outputs[0]->data<T>());
    }
    return absl::OkStatus();
  });
}

// With r = 1 / sqrt(v + epsilon) and x = (src - mean) r, dst = x scale + shift.
absl::Status BatchNormGradient(GradientBuilder& g) {
  Channels t(g);
  GraphBuilder& b = t.b;
  Algebra& a = t.algebra;
  const ValueId dy = t.Values(g.gradient());
  const ValueId scale = t.Vector(g.input(1));
  const ValueId rstd = t.Rstd(t.Vector(g.input(4)), g.attributes());
  const ValueId x =
      b.Mul(b.Sub(t.Values(g.input(0)), t.Vector(g.input(3))), rstd);
  const ValueId gain = b.Mul(scale, rstd);
  const ValueId sum = a.Sum(dy), sum_x = a.Sum(b.Mul(dy, x));
  if (g.needs(0)) {
    g.Set(0, CastTo(b, b.Mul(dy, gain), b.dtype(g.input(0))));
  }
  if (g.needs(1)) g.Set(1, t.AsVector(sum_x));
  if (g.needs(2)) g.Set(2, t.AsVector(sum));
  if (g.needs(3)) g.Set(3, t.AsVector(b.Op("neg", {b.Mul(sum, gain)})));
  if (g.needs(4)) {
    // d x / d v = -x r^2 / 2
    const ValueId half = b.Scale(b.Mul(gain, rstd), -0.5);
    g.Set(4, t.AsVector(b.Mul(sum_x, half)));
  }
  return absl::OkStatus();
}

void CoupleBatchNorm(ChannelCoupler& coupler) {
  const Node& node = coupler.node();
  const ValueId src = node.inputs[0], dst = node.outputs[0];
  CoupleLeading(coupler, src, dst, RankOf(coupler, src));
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    coupler.Same(node.inputs[i], 0, dst, 1);
  }
  for (size_t i = 1; i < node.outputs.size(); ++i) {
    coupler.Same(node.outputs[i], 0, dst, 1);
  }
}

// --- batch_norm_training

absl::Status InferTraining(InferContext& context) {
  ASSAY_RETURN_IF_ERROR(CheckNorm(context, 1, {"scale", "shift"}));
  const TensorType vector = ChannelType(context);
  return SetResults(context, {*context.inputs[0], vector, vector});
}

absl::Status TrainingReference(ReferenceContext& context) {
  const Tensor& src = *context.inputs[0];
  const Layout layout(src.shape());
  const double epsilon = Epsilon(context.attributes);
  return VisitFloat(src.dtype(), [&]<typename T>() {
    const T* from = src.data<T>();
    for (int64_t c = 0; c < layout.channels; ++c) {
      double mean = 0, variance = 0;
      layout.ForEach(c,
                     [&](int64_t i) { mean += static_cast<double>(from[i]); });
      mean /= layout.count();
      layout.ForEach(c, [&](int64_t i) {
        const double d = static_cast<double>(from[i]) - mean;
        variance += d * d;
      });
      variance /= layout.count();
      Normalise(layout, c, from, mean, 1 / std::sqrt(variance + epsilon),
                static_cast<double>(context.inputs[1]->data<T>()[c]),
                static_cast<double>(context.inputs[2]->data<T>()[c]),
                context.outputs[0]->data<T>());
      context.outputs[1]->data<T>()[c] = static_cast<T>(mean);
      context.outputs[2]->data<T>()[c] = static_cast<T>(variance);
    }
    return absl::OkStatus();
  });
}

// What arrives at batch_mean and batch_variance goes back to src:
// dmean / count + dvariance 2 (src - mean) / count.
ValueId StatisticsGradient(Channels& t, GradientBuilder& g) {
  GraphBuilder& b = t.b;
  const double share = 1 / t.algebra.count();
  ValueId sum = kNoValue;
  if (g.gradient(2) != kNoValue) {
    const ValueId centered = b.Sub(t.Values(g.input(0)), t.Vector(g.output(1)));
    sum = b.Mul(centered, t.Vector(b.Scale(g.gradient(2), 2 * share)));
  }
  if (g.gradient(1) != kNoValue) {
    const ValueId spread =
        b.Op("broadcast_to", {t.Vector(b.Scale(g.gradient(1), share))},
             {{"shape", t.shape}});
    sum = t.algebra.Add(sum, spread);
  }
  return sum;
}

absl::Status TrainingGradient(GradientBuilder& g) {
  Channels t(g);
  GraphBuilder& b = t.b;
  std::vector<ValueId> from_dst(3, kNoValue);
  if (g.gradient(0) != kNoValue) {
    from_dst =
        b.Ops("batch_norm_backward",
              {g.input(0), g.gradient(0), g.input(1), g.output(1), g.output(2)},
              g.attributes());
    if (!b.ok()) return b.status();
  }
  if (g.needs(1) && from_dst[1] != kNoValue) g.Set(1, from_dst[1]);
  if (g.needs(2) && from_dst[2] != kNoValue) g.Set(2, from_dst[2]);
  if (!g.needs(0)) return absl::OkStatus();
  ValueId statistics = StatisticsGradient(t, g);
  if (statistics != kNoValue) {
    statistics = CastTo(b, statistics, b.dtype(g.input(0)));
  }
  g.Set(0, t.algebra.Add(from_dst[0], statistics));
  return absl::OkStatus();
}

// --- batch_norm_backward

absl::Status InferBackward(InferContext& context) {
  ASSAY_RETURN_IF_ERROR(
      CheckNorm(context, 2, {"scale", "batch_mean", "batch_variance"}));
  const TensorType& src = *context.inputs[0];
  ASSAY_RETURN_IF_ERROR(
      Operand(context, 1, "diff_dst").Has(src.dtype, src.shape));
  const TensorType vector = ChannelType(context);
  return SetResults(context, {src, vector, vector});
}

absl::Status BackwardReference(ReferenceContext& context) {
  const Tensor& src = *context.inputs[0];
  const Layout layout(src.shape());
  const double epsilon = Epsilon(context.attributes);
  return VisitFloat(src.dtype(), [&]<typename T>() {
    const T* from = src.data<T>();
    const T* diff = context.inputs[1]->data<T>();
    T* to = context.outputs[0]->data<T>();
    const auto at = [&](size_t operand, int64_t c) {
      return static_cast<double>(context.inputs[operand]->data<T>()[c]);
    };
    for (int64_t c = 0; c < layout.channels; ++c) {
      const double mean = at(3, c), rstd = 1 / std::sqrt(at(4, c) + epsilon);
      double sum = 0, sum_x = 0;
      layout.ForEach(c, [&](int64_t i) {
        const double d = static_cast<double>(diff[i]);
        sum += d;
        sum_x += d * ((static_cast<double>(from[i]) - mean) * rstd);
      });
      layout.ForEach(c, [&](int64_t i) {
        const double x = (static_cast<double>(from[i]) - mean) * rstd;
        const double left = static_cast<double>(diff[i]) -
                            sum / layout.count() - x * sum_x / layout.count();
        to[i] = static_cast<T>(at(2, c) * rstd * left);
      });
      context.outputs[1]->data<T>()[c] = static_cast<T>(sum_x);
      context.outputs[2]->data<T>()[c] = static_cast<T>(sum);
    }
    return absl::OkStatus();
  });
}

// The second derivative. With d = diff_dst, s = scale, R(v) = v - mean(v) -
// x mean(v x), and cotangents A, B, C of the three results, the scalar is
//   L = sum_c s r Q + sum(B d x) + sum(C d),  Q = sum(A R(d)) = sum(R(A) d).
// mean and variance are operands of their own: the gradient of
// batch_norm_training takes what arrives at them back to src.
absl::Status BackwardGradient(GradientBuilder& g) {
  Channels t(g);
  GraphBuilder& b = t.b;
  Algebra& a = t.algebra;
  const ValueId d = t.Values(g.input(1)), s = t.Vector(g.input(2));
  const ValueId r = t.Rstd(t.Vector(g.input(4)), g.attributes());
  const ValueId x = b.Mul(b.Sub(t.Values(g.input(0)), t.Vector(g.input(3))), r);
  const ValueId ct_src = t.Values(g.gradient(0));
  const ValueId ct_scale = t.Vector(g.gradient(1));
  const ValueId ct_shift = t.Vector(g.gradient(2));

  ValueId to_d = kNoValue, to_x = kNoValue, to_r = kNoValue, q = kNoValue;
  if (ct_src != kNoValue) {
    const ValueId sr = b.Mul(s, r);
    q = a.Sum(b.Mul(ct_src, a.Residual(d, x, true)));
    to_d = b.Mul(sr, a.Residual(ct_src, x, true));
    const ValueId mixed = b.Add(b.Mul(ct_src, a.MeanOfProduct(d, x)),
                                b.Mul(d, a.MeanOfProduct(ct_src, x)));
    to_x = b.Op("neg", {b.Mul(sr, mixed)});
    to_r = b.Mul(s, q);
  }
  if (ct_scale != kNoValue) {
    to_d = a.Add(to_d, b.Mul(ct_scale, x));
    to_x = a.Add(to_x, b.Mul(ct_scale, d));
  }
  if (ct_shift != kNoValue) {
    to_d = a.Add(to_d, b.Op("broadcast_to", {ct_shift}, {{"shape", t.shape}}));
  }
  const DType values = b.dtype(g.input(0));
  if (g.needs(1)) g.Set(1, CastTo(b, to_d, values));
  if (g.needs(2) && q != kNoValue) g.Set(2, t.AsVector(b.Mul(r, q)));
  if (to_x == kNoValue) return absl::OkStatus();
  if (g.needs(0)) g.Set(0, CastTo(b, b.Mul(r, to_x), values));
  if (g.needs(3)) {
    g.Set(3, t.AsVector(b.Op("neg", {b.Mul(r, a.Sum(to_x))})));
  }
  if (g.needs(4)) {
    // x depends on r as x / r; d r / d variance = -r^3 / 2.
    to_r = a.Add(to_r, b.Div(a.Sum(b.Mul(x, to_x)), r));
    const ValueId cube = b.Mul(b.Op("square", {r}), r);
    g.Set(4, t.AsVector(b.Scale(b.Mul(to_r, cube), -0.5)));
  }
  return absl::OkStatus();
}

}  // namespace

OpSchema BatchNormSchema() {
  return {.name = "batch_norm",
          .min_inputs = 5,
          .max_inputs = 5,
          .operands = "src scale shift mean variance",
          .attributes = {{"epsilon", "real"}},
          .infer = InferBatchNorm,
          .reference = BatchNormReference,
          .gradient = BatchNormGradient,
          .couple = CoupleBatchNorm};
}

OpSchema BatchNormTrainingSchema() {
  return {.name = "batch_norm_training",
          .min_inputs = 3,
          .max_inputs = 3,
          .operands = "src scale shift",
          .attributes = {{"epsilon", "real"}},
          .infer = InferTraining,
          .reference = TrainingReference,
          .gradient = TrainingGradient,
          .couple = CoupleBatchNorm};
}

OpSchema BatchNormBackwardSchema() {
  return {.name = "batch_norm_backward",
          .min_inputs = 5,
          .max_inputs = 5,
          .operands = "src diff_dst scale batch_mean batch_variance",
          .attributes = {{"epsilon", "real"}},
          .infer = InferBackward,
          .reference = BackwardReference,
          .gradient = BackwardGradient};
}

}  // namespace assay
