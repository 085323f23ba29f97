#include "harness/ops/matmul/linear.h"

#include "harness/core/status_macros.h"
#include "harness/graph/gradient.h"
#include "harness/ops/matmul/gemm.h"
#include "harness/ops/support/couple.h"
#include "harness/ops/support/visit.h"

namespace assay {
namespace {

absl::Status InferLinear(InferContext& context) {
  const Operand src(context, 0, "src"), weights(context, 1, "weights"),
      bias(context, 2, "bias");
  ASSAY_RETURN_IF_ERROR(src.IsFloat());
  ASSAY_RETURN_IF_ERROR(weights.Is(src.dtype()));
  ASSAY_ASSIGN_OR_RETURN(Shape shape, LinearShape(src, weights));
  if (bias.present()) {
    ASSAY_RETURN_IF_ERROR(bias.Has(src.dtype(), {weights.dim(0)}));
  }
  return SetResults(context, {{src.dtype(), std::move(shape)}});
}

const Tensor* Bias(const ReferenceContext& context) {
  return context.inputs.size() > 2 ? context.inputs[2] : nullptr;
}

absl::Status LinearReference(ReferenceContext& context) {
  const Tensor& src = *context.inputs[0];
  const Tensor& weights = *context.inputs[1];
  const Tensor* bias = Bias(context);
  const int64_t outputs = weights.dim(0), inputs = weights.dim(1);
  return VisitFloat(src.dtype(), [&]<typename T>() {
    T* dst = context.outputs[0]->data<T>();
    const T* start = bias == nullptr ? nullptr : bias->data<T>();
    Gemm<double, T>(
        {src.data<T>(), inputs, 1}, {weights.data<T>(), 1, inputs},
        src.size() / inputs, outputs, inputs, [&](int64_t, const double* sums) {
          for (int64_t o = 0; o < outputs; ++o) {
            const double offset =
                start == nullptr ? 0 : static_cast<double>(start[o]);
            *dst++ = static_cast<T>(sums[o] + offset);
          }
        });
    return absl::OkStatus();
  });
}

absl::Status LinearGradient(GradientBuilder& g) {
  GraphBuilder& b = g.b();
  const Shape src = b.shape(g.input(0));
  const int64_t outputs = b.shape(g.input(1))[0];
  const int64_t rows = ElementCount(src) / src.back();
  const ValueId dy = b.Reshape(g.gradient(), {rows, outputs});
  if (g.needs(0)) {
    g.Set(0, b.Reshape(b.Op("matmul", {dy, g.input(1)}), src));
  }
  if (g.needs(1)) {
    const ValueId x = b.Reshape(g.input(0), {rows, src.back()});
    g.Set(1, b.Op("matmul", {dy, x}, {{"transpose_a", int64_t{1}}}));
  }
  if (g.needs(2)) g.Set(2, b.ReduceSum(dy, {0}, false));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Shape> LinearShape(const Operand& src, const Operand& weights) {
  ASSAY_RETURN_IF_ERROR(src.HasRankAtLeast(1, "[..,I]"));
  ASSAY_RETURN_IF_ERROR(weights.HasRank(2, "[O,I]"));
  ASSAY_RETURN_IF_ERROR(
      weights.HasExtent(1, src.shape().back(), "I, as src has"));
  Shape shape = src.shape();
  shape.back() = weights.dim(0);
  return shape;
}

void CoupleLinear(ChannelCoupler& coupler) {
  const Node& node = coupler.node();
  const ValueId src = node.inputs[0], weights = node.inputs[1],
                dst = node.outputs[0];
  const int last = static_cast<int>(RankOf(coupler, src)) - 1;
  CoupleLeading(coupler, src, dst, last);
  coupler.Same(src, last, weights, 1);
  coupler.Same(weights, 0, dst, last);
  ProducesIfParameter(coupler, weights, 0);
  if (node.inputs.size() > 2 && node.inputs[2] != kNoValue) {
    coupler.Same(node.inputs[2], 0, dst, last);
  }
}

int64_t LinearMacs(const Graph& graph, const Node& node) {
  return ElementCount(graph.shape(node.outputs[0])) *
         graph.shape(node.inputs[1])[1];
}

OpSchema LinearSchema() {
  return {.name = "linear",
          .min_inputs = 2,
          .max_inputs = 3,
          .operands = "src weights [bias]",
          .infer = InferLinear,
          .reference = LinearReference,
          .gradient = LinearGradient,
          .couple = CoupleLinear,
          .macs = LinearMacs};
}

}  // namespace assay
