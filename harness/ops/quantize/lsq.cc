#include "harness/ops/quantize/lsq.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/gradient.h"
#include "harness/ops/support/couple.h"
#include "harness/ops/support/infer.h"
#include "harness/ops/support/visit.h"

namespace assay {
namespace {

struct Limits {
  int64_t low, high;
};

Limits LimitsOf(const Attributes& attributes) {
  return {attributes.Int("low", 0), attributes.Int("high", 255)};
}

absl::Status InferLsq(InferContext& context) {
  const Operand src(context, 0, "src"), scale(context, 1, "scale");
  ASSAY_RETURN_IF_ERROR(src.IsFloat());
  Shape want;
  if (scale.rank() != 0) {
    ASSAY_ASSIGN_OR_RETURN(
        const int64_t axis,
        NormalizeAxis(context.attributes.Int("axis", 0), src.rank()));
    want = {src.dim(axis)};
  }
  ASSAY_RETURN_IF_ERROR(scale.Has(StatisticsType(src.dtype()), want));
  const Limits limits = LimitsOf(context.attributes);
  if (limits.low >= limits.high) {
    return absl::InvalidArgumentError(absl::StrCat(
        "low, high: expected low < high, got ", limits.low, ", ", limits.high));
  }
  return SetResults(context, {src.type()});
}

absl::Status LsqReference(ReferenceContext& context) {
  const Tensor& src = *context.inputs[0];
  const Tensor& scale = *context.inputs[1];
  const Limits limits = LimitsOf(context.attributes);
  int64_t inner = src.size();  // neighbours with one scale
  if (scale.rank() != 0) {
    const size_t axis = static_cast<size_t>(
        KnownAxis(context.attributes.Int("axis", 0), src.rank()));
    inner = ElementCount(absl::MakeConstSpan(src.shape()).subspan(axis + 1));
  }
  return VisitFloat(src.dtype(), [&]<typename T>() {
    const T* from = src.data<T>();
    const T* steps = scale.data<T>();
    T* to = context.outputs[0]->data<T>();
    for (int64_t i = 0; i < src.size(); ++i) {
      const T step = steps[i / inner % scale.size()];
      const T q = std::nearbyint(from[i] / step);
      to[i] = std::clamp(q, static_cast<T>(limits.low),
                         static_cast<T>(limits.high)) *
              step;
    }
    return absl::OkStatus();
  });
}

absl::Status LsqGradient(GradientBuilder& g) {
  GraphBuilder& b = g.b();
  const DType type = b.dtype(g.input(0)), wide = b.dtype(g.input(1));
  const auto as = [&](ValueId v, DType dtype) {
    return b.dtype(v) == dtype
               ? v
               : b.Op("cast", {v}, {{"dtype", std::string(Name(dtype))}});
  };
  const Shape src = b.shape(g.input(0));
  std::vector<int64_t> summed;  // axes without a scale of their own
  Shape along(src.size(), 1);
  const bool one = b.shape(g.input(1)).empty();
  const int64_t axis = one ? -1
                           : KnownAxis(g.attributes().Int("axis", 0),
                                       static_cast<int64_t>(src.size()));
  for (int64_t i = 0; i < static_cast<int64_t>(src.size()); ++i) {
    if (i != axis) summed.push_back(i);
  }
  if (!one) along[static_cast<size_t>(axis)] = src[static_cast<size_t>(axis)];
  const ValueId scale = one ? g.input(1) : b.Reshape(g.input(1), along);
  const ValueId v = b.Div(as(g.input(0), wide), scale);
  const Limits limits = LimitsOf(g.attributes());
  const ValueId low = b.Scalar(wide, static_cast<double>(limits.low));
  const ValueId high = b.Scalar(wide, static_cast<double>(limits.high));
  const ValueId below = b.Op("greater", {low, v});
  const ValueId above = b.Op("greater", {v, high});
  const auto choose = [&](ValueId if_below, ValueId inside, ValueId if_above) {
    return b.Op("where",
                {below, if_below, b.Op("where", {above, if_above, inside})});
  };
  if (g.needs(0)) {
    const ValueId zero = b.Scalar(type, 0);
    g.Set(0, choose(zero, g.gradient(), zero));
  }
  if (g.needs(1)) {
    const ValueId slope = choose(low, b.Sub(b.Op("round", {v}), v), high);
    const ValueId sum =
        b.ReduceSum(b.Mul(as(g.gradient(), wide), slope), summed, false);
    g.Set(1, b.Scale(sum, g.attributes().Real("gradient_scale", 1)));
  }
  return absl::OkStatus();
}

void CoupleLsq(ChannelCoupler& coupler) {
  const Node& node = coupler.node();
  const ValueId src = node.inputs[0], dst = node.outputs[0];
  const int64_t rank = RankOf(coupler, src);
  CoupleLeading(coupler, src, dst, rank);
  if (RankOf(coupler, node.inputs[1]) == 1) {
    const int64_t axis = KnownAxis(node.attributes.Int("axis", 0), rank);
    coupler.Same(node.inputs[1], 0, dst, static_cast<int>(axis));
  }
}

}  // namespace

OpSchema LsqQuantizeSchema() {
  return {.name = "lsq_quantize",
          .min_inputs = 2,
          .max_inputs = 2,
          .operands = "src scale",
          .attributes = {{"axis", "int"},
                         {"low", "int"},
                         {"high", "int"},
                         {"gradient_scale", "real"}},
          .infer = InferLsq,
          .reference = LsqReference,
          .gradient = LsqGradient,
          .couple = CoupleLsq};
}

}  // namespace assay
