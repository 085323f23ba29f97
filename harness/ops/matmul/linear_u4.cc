#include "harness/ops/matmul/linear_u4.h"

#include <string>
#include <utility>
#include <vector>

#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/graph/gradient.h"
#include "harness/ops/matmul/gemm.h"
#include "harness/ops/quantize/group.h"
#include "harness/ops/support/infer.h"
#include "harness/ops/support/visit.h"

namespace assay {
namespace {

constexpr size_t kWeights = 1, kScales = 2, kZeroPoints = 3, kBias = 4;

absl::Status InferLinearU4(InferContext& context) {
  const Operand src(context, 0, "src"), weights(context, kWeights, "weights"),
      scales(context, kScales, "scales"), bias(context, kBias, "bias");
  ASSAY_RETURN_IF_ERROR(src.IsFloat());
  ASSAY_RETURN_IF_ERROR(src.HasRankAtLeast(1, "[..,I]"));
  ASSAY_RETURN_IF_ERROR(CheckGroups(
      context, {kWeights, kWeights + 1, kWeights + 2}, 0, src.shape().back()));
  if ((src.dtype() == DType::kF64) != (scales.dtype() == DType::kF64)) {
    return scales.Error("f64 where src is, and nowhere else");
  }
  if (bias.present()) {
    ASSAY_RETURN_IF_ERROR(bias.Has(
        bias.dtype() == src.dtype() ? src.dtype() : StatisticsType(src.dtype()),
        {weights.dim(0)}));
  }
  Shape shape = src.shape();
  shape.back() = weights.dim(0);
  return SetResults(context, {{src.dtype(), std::move(shape)}});
}

const Tensor* Optional(const ReferenceContext& context, size_t i) {
  return i < context.inputs.size() ? context.inputs[i] : nullptr;
}

absl::Status LinearU4Reference(ReferenceContext& context) {
  const Tensor& src = *context.inputs[0];
  const Tensor* bias = Optional(context, kBias);
  const int64_t outputs = context.inputs[kWeights]->dim(0);
  const int64_t inputs = src.shape().back();
  return VisitFloat(src.dtype(), [&]<typename T>() {
    std::vector<T> weights(static_cast<size_t>(outputs * inputs));
    DequantizeGroups<T>(*context.inputs[kWeights], *context.inputs[kScales],
                        Optional(context, kZeroPoints), inputs, weights.data());
    T* dst = context.outputs[0]->data<T>();
    Gemm<double, T>(
        {src.data<T>(), inputs, 1}, {weights.data(), 1, inputs},
        src.size() / inputs, outputs, inputs, [&](int64_t, const double* sums) {
          for (int64_t o = 0; o < outputs; ++o) {
            const double offset =
                bias == nullptr ? 0 : static_cast<double>(bias->data<T>()[o]);
            *dst++ = static_cast<T>(sums[o] + offset);
          }
        });
    return absl::OkStatus();
  });
}

absl::Status LinearU4Gradient(GradientBuilder& g) {
  GraphBuilder& b = g.b();
  const Shape src = b.shape(g.input(0));
  const DType dtype = b.dtype(g.input(0));
  const int64_t rows = ElementCount(src) / src.back();
  const ValueId dy =
      b.Reshape(g.gradient(), {rows, b.shape(g.input(kWeights))[0]});
  if (g.needs(0)) {
    const std::string narrow(Name(dtype == DType::kBF16 ? dtype : DType::kF32));
    const ValueId weights =
        b.Op("dequantize_u4",
             {g.input(kWeights), g.input(kScales), g.input(kZeroPoints)},
             {{"inputs", src.back()}, {"dtype", narrow}});
    g.Set(0, b.Reshape(b.Op("matmul", {dy, weights}), src));
  }
  if (g.needs(kBias)) {
    ValueId sums = b.ReduceSum(dy, {0}, false);
    const DType want = b.dtype(g.input(kBias));
    if (want != dtype) {
      sums = b.Op("cast", {sums}, {{"dtype", std::string(Name(want))}});
    }
    g.Set(kBias, sums);
  }
  return absl::OkStatus();
}

int64_t LinearU4Macs(const Graph& graph, const Node& node) {
  return ElementCount(graph.shape(node.outputs[0])) *
         graph.shape(node.inputs[0]).back();
}

}  // namespace

OpSchema LinearU4Schema() {
  return {.name = "linear_u4",
          .min_inputs = 3,
          .max_inputs = 5,
          .operands = "src weights scales [zero_points] [bias]",
          .infer = InferLinearU4,
          .reference = LinearU4Reference,
          .gradient = LinearU4Gradient,
          .macs = LinearU4Macs};
}

}  // namespace assay
