#include "harness/ops/norm/row_norm.h"

#include <cmath>
#include <limits>
#include <vector>

#include "harness/core/status_macros.h"
#include "harness/graph/gradient.h"
#include "harness/ops/norm/algebra.h"
#include "harness/ops/support/couple.h"
#include "harness/ops/support/infer.h"
#include "harness/ops/support/visit.h"

namespace assay {
namespace {

// Layer norm subtracts the mean, RMS norm does not; the rest is one code.
enum class Kind { kLayer, kRms };

double Epsilon(const Attributes& attributes) {
  return attributes.Real("epsilon", 1e-5);
}

absl::Status CheckNorm(const InferContext& context, size_t first,
                       std::initializer_list<absl::string_view> vectors) {
  const Operand src(context, 0, "src");
  ASSAY_RETURN_IF_ERROR(src.IsFloat());
  ASSAY_RETURN_IF_ERROR(src.HasRankAtLeast(1, "[..,D]"));
  ASSAY_RETURN_IF_ERROR(CheckRange("epsilon", Epsilon(context.attributes), 0,
                                   std::numeric_limits<double>::max()));
  for (const absl::string_view name : vectors) {
    ASSAY_RETURN_IF_ERROR(
        Operand(context, first++, name)
            .Has(StatisticsType(src.dtype()), {src.shape().back()}));
  }
  return absl::OkStatus();
}

template <Kind kind>
absl::Status InferForward(InferContext& context) {
  if (kind == Kind::kLayer) {
    ASSAY_RETURN_IF_ERROR(CheckNorm(context, 1, {"scale", "shift"}));
  } else {
    ASSAY_RETURN_IF_ERROR(CheckNorm(context, 1, {"scale"}));
  }
  return SetResults(context, {*context.inputs[0]});
}

template <Kind kind>
absl::Status InferBackward(InferContext& context) {
  ASSAY_RETURN_IF_ERROR(CheckNorm(context, 2, {"scale"}));
  const TensorType& src = *context.inputs[0];
  ASSAY_RETURN_IF_ERROR(
      Operand(context, 1, "diff_dst").Has(src.dtype, src.shape));
  std::vector<TensorType> results = {src, *context.inputs[2]};
  if (kind == Kind::kLayer) results.push_back(*context.inputs[2]);
  return SetResults(context, std::move(results));
}

// A row's normalised values.
struct NormalisedRow {
  std::vector<double> x;
  double rstd = 0;

  explicit NormalisedRow(int64_t length) : x(static_cast<size_t>(length)) {}

  template <typename T>
  void Load(Kind kind, const T* row, double epsilon) {
    const double count = static_cast<double>(x.size());
    double mean = 0, squares = 0;
    if (kind == Kind::kLayer) {
      for (size_t i = 0; i < x.size(); ++i) mean += static_cast<double>(row[i]);
      mean /= count;
    }
    for (size_t i = 0; i < x.size(); ++i) {
      x[i] = static_cast<double>(row[i]) - mean;
      squares += x[i] * x[i];
    }
    rstd = 1 / std::sqrt(squares / count + epsilon);
    for (double& value : x) value *= rstd;
  }
};

template <Kind kind>
absl::Status ForwardReference(ReferenceContext& context) {
  const Tensor& src = *context.inputs[0];
  const int64_t length = src.shape().back();
  NormalisedRow row(length);
  return VisitFloat(src.dtype(), [&]<typename T>() {
    const T* scale = context.inputs[1]->data<T>();
    T* to = context.outputs[0]->data<T>();
    for (int64_t start = 0; start < src.size(); start += length) {
      row.Load(kind, src.data<T>() + start, Epsilon(context.attributes));
      for (int64_t i = 0; i < length; ++i) {
        double y =
            row.x[static_cast<size_t>(i)] * static_cast<double>(scale[i]);
        if (kind == Kind::kLayer) {
          y += static_cast<double>(context.inputs[2]->data<T>()[i]);
        }
        to[start + i] = static_cast<T>(y);
      }
    }
    return absl::OkStatus();
  });
}

// diff_src of one row: r (e - mean(e) - x mean(e x)), e = diff_dst scale; an
// RMS norm has no mean(e).
template <typename T>
void BackwardRow(Kind kind, const NormalisedRow& row, const T* diff,
                 const T* scale, T* diff_src) {
  double mean = 0, mean_x = 0;
  const size_t length = row.x.size();
  for (size_t i = 0; i < length; ++i) {
    const double e =
        static_cast<double>(diff[i]) * static_cast<double>(scale[i]);
    mean += e;
    mean_x += e * row.x[i];
  }
  mean = kind == Kind::kLayer ? mean / static_cast<double>(length) : 0;
  mean_x /= static_cast<double>(length);
  for (size_t i = 0; i < length; ++i) {
    const double e =
        static_cast<double>(diff[i]) * static_cast<double>(scale[i]);
    diff_src[i] = static_cast<T>(row.rstd * (e - mean - row.x[i] * mean_x));
  }
}

template <Kind kind>
absl::Status BackwardReference(ReferenceContext& context) {
  const Tensor& src = *context.inputs[0];
  const size_t length = static_cast<size_t>(src.shape().back());
  NormalisedRow row(src.shape().back());
  std::vector<double> diff_scale(length, 0), diff_shift(length, 0);
  return VisitFloat(src.dtype(), [&]<typename T>() {
    const T* scale = context.inputs[2]->data<T>();
    for (int64_t start = 0; start < src.size();
         start += static_cast<int64_t>(length)) {
      const T* diff = context.inputs[1]->data<T>() + start;
      row.Load(kind, src.data<T>() + start, Epsilon(context.attributes));
      BackwardRow(kind, row, diff, scale,
                  context.outputs[0]->data<T>() + start);
      for (size_t i = 0; i < length; ++i) {
        diff_scale[i] += static_cast<double>(diff[i]) * row.x[i];
        diff_shift[i] += static_cast<double>(diff[i]);
      }
    }
    for (size_t i = 0; i < length; ++i) {
      context.outputs[1]->data<T>()[i] = static_cast<T>(diff_scale[i]);
      if (kind == Kind::kLayer) {
        context.outputs[2]->data<T>()[i] = static_cast<T>(diff_shift[i]);
      }
    }
    return absl::OkStatus();
  });
}

// --- Gradients, in the type of statistics.

struct RowTerms {
  GraphBuilder& b;
  DType dtype;
  Shape shape;
  Algebra algebra;
  ValueId x = kNoValue, rstd = kNoValue;

  RowTerms(GradientBuilder& g, Kind kind)
      : b(g.b()),
        dtype(StatisticsType(b.dtype(g.input(0)))),
        shape(b.shape(g.input(0))),
        algebra(&b, shape, {static_cast<int64_t>(shape.size()) - 1}) {
    ValueId src = Values(g.input(0));
    if (kind == Kind::kLayer) src = b.Sub(src, algebra.Mean(src));
    const ValueId power = algebra.Mean(b.Op("square", {src}));
    rstd = b.Op("rsqrt", {b.Offset(power, Epsilon(g.attributes()))});
    x = b.Mul(src, rstd);
  }

  ValueId Values(ValueId v) { return v == kNoValue ? v : CastTo(b, v, dtype); }
  // Sums over all rows: [D].
  ValueId SumOfRows(ValueId v) {
    std::vector<int64_t> axes;
    for (size_t i = 0; i + 1 < shape.size(); ++i) {
      axes.push_back(static_cast<int64_t>(i));
    }
    return axes.empty() ? v : b.ReduceSum(v, std::move(axes), false);
  }
};

template <Kind kind>
absl::Status ForwardGradient(GradientBuilder& g) {
  const char* op =
      kind == Kind::kLayer ? "layer_norm_backward" : "rms_norm_backward";
  const std::vector<ValueId> results =
      g.b().Ops(op, {g.input(0), g.gradient(), g.input(1)}, g.attributes());
  for (size_t i = 0; i < results.size(); ++i) {
    if (g.needs(i)) g.Set(i, results[i]);
  }
  return absl::OkStatus();
}

// The second derivative. With d = diff_dst, s = scale, e = d s, R(v) =
// v - mean(v) - x mean(v x) (RMS norm: without mean(v)), and cotangents A, B, C
// of the results, the scalar is
//   L = sum over rows of r Q + sum(B d x) + sum(C d),  Q = sum(A R(e)).
// x and r depend on src: dL/dsrc = r R(dL/dx) - Q r^2 x / D.
template <Kind kind>
absl::Status BackwardGradient(GradientBuilder& g) {
  constexpr bool kCentered = kind == Kind::kLayer;
  RowTerms t(g, kind);
  GraphBuilder& b = t.b;
  Algebra& a = t.algebra;
  const ValueId d = t.Values(g.input(1)), s = g.input(2), x = t.x, r = t.rstd;
  const ValueId ct_src = t.Values(g.gradient(0)), ct_scale = g.gradient(1);
  const ValueId ct_shift = kCentered ? g.gradient(2) : kNoValue;

  ValueId to_d = kNoValue, to_x = kNoValue, from_r = kNoValue;
  if (ct_src != kNoValue) {
    const ValueId e = b.Mul(d, s);
    const ValueId to_e = b.Mul(r, a.Residual(ct_src, x, kCentered));
    to_d = b.Mul(to_e, s);
    if (g.needs(2)) g.Set(2, t.SumOfRows(b.Mul(to_e, d)));
    const ValueId mixed = b.Add(b.Mul(ct_src, a.MeanOfProduct(e, x)),
                                b.Mul(e, a.MeanOfProduct(ct_src, x)));
    to_x = b.Op("neg", {b.Mul(r, mixed)});
    const ValueId q = a.Mean(b.Mul(ct_src, a.Residual(e, x, kCentered)));
    from_r = b.Mul(x, b.Mul(q, b.Op("square", {r})));
  }
  if (ct_scale != kNoValue) {
    to_d = a.Add(to_d, b.Mul(x, ct_scale));
    to_x = a.Add(to_x, b.Mul(d, ct_scale));
  }
  if (ct_shift != kNoValue) {
    to_d = a.Add(to_d, b.Op("broadcast_to", {ct_shift}, {{"shape", t.shape}}));
  }
  const DType values = b.dtype(g.input(0));
  if (g.needs(1)) g.Set(1, CastTo(b, to_d, values));
  if (g.needs(0) && to_x != kNoValue) {
    ValueId to_src = b.Mul(r, a.Residual(to_x, x, kCentered));
    if (from_r != kNoValue) to_src = b.Sub(to_src, from_r);
    g.Set(0, CastTo(b, to_src, values));
  }
  return absl::OkStatus();
}

void CoupleRowNorm(ChannelCoupler& coupler) {
  const Node& node = coupler.node();
  const ValueId src = node.inputs[0], dst = node.outputs[0];
  const int64_t rank = RankOf(coupler, src);
  CoupleLeading(coupler, src, dst, rank);
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    coupler.Same(node.inputs[i], 0, dst, static_cast<int>(rank) - 1);
  }
}

template <Kind kind>
OpSchema ForwardSchema(std::string name, std::string operands, int count) {
  return {.name = std::move(name),
          .min_inputs = count,
          .max_inputs = count,
          .operands = std::move(operands),
          .attributes = {{"epsilon", "real"}},
          .infer = InferForward<kind>,
          .reference = ForwardReference<kind>,
          .gradient = ForwardGradient<kind>,
          .couple = CoupleRowNorm};
}

template <Kind kind>
OpSchema BackwardSchema(std::string name) {
  return {.name = std::move(name),
          .min_inputs = 3,
          .max_inputs = 3,
          .operands = "src diff_dst scale",
          .attributes = {{"epsilon", "real"}},
          .infer = InferBackward<kind>,
          .reference = BackwardReference<kind>,
          .gradient = BackwardGradient<kind>};
}

}  // namespace

OpSchema LayerNormSchema() {
  return ForwardSchema<Kind::kLayer>("layer_norm", "src scale shift", 3);
}

OpSchema LayerNormBackwardSchema() {
  return BackwardSchema<Kind::kLayer>("layer_norm_backward");
}

OpSchema RmsNormSchema() {
  return ForwardSchema<Kind::kRms>("rms_norm", "src scale", 2);
}

OpSchema RmsNormBackwardSchema() {
  return BackwardSchema<Kind::kRms>("rms_norm_backward");
}

}  // namespace assay
