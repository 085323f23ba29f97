#include "harness/ops/fused/fused.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "harness/core/status_macros.h"
#include "harness/ops/conv/geometry.h"
#include "harness/ops/fused/epilogue.h"
#include "harness/ops/matmul/gemm.h"
#include "harness/ops/matmul/linear.h"
#include "harness/ops/support/infer.h"
#include "harness/ops/support/visit.h"

namespace assay {
namespace {

// The integers of `tensor`, less `zero_point`.
std::vector<int32_t> Centered(const Tensor& tensor, int64_t zero_point) {
  std::vector<int32_t> values(static_cast<size_t>(tensor.size()));
  const int32_t zero = static_cast<int32_t>(zero_point);
  const auto fill = [&](auto span) {
    std::transform(span.begin(), span.end(), values.begin(),
                   [zero](auto q) { return q - zero; });
  };
  if (tensor.dtype() == DType::kU8) {
    fill(tensor.span<uint8_t>());
  } else {
    fill(tensor.span<int8_t>());
  }
  return values;
}

// Calls compute(src, weights, Sum(), epilogue) with pointers to elements, the
// type of sums, and the epilogue in the right precision.
template <typename Compute>
absl::Status WithElements(ReferenceContext& context, const Compute& compute) {
  const Tensor& src = *context.inputs[0];
  const Tensor& weights = *context.inputs[1];
  if (!IsFloat(src.dtype())) {
    const std::vector<int32_t> x =
        Centered(src, context.attributes.Int("src_zero_point", 0));
    const std::vector<int32_t> w = Centered(weights, 0);
    Epilogue<float> epilogue(context);
    compute(x.data(), w.data(), int32_t{0}, epilogue);
    return absl::OkStatus();
  }
  return VisitFloat(src.dtype(), [&]<typename T>() {
    Epilogue<T> epilogue(context);
    compute(src.data<T>(), weights.data<T>(), 0.0, epilogue);
    return absl::OkStatus();
  });
}

absl::Status InferConv2dFused(InferContext& context) {
  const Operand src(context, 0, "src"), weights(context, 1, "weights");
  ASSAY_ASSIGN_OR_RETURN(const ConvGeometry g,
                         CheckConv(context.attributes, src, weights));
  return InferEpilogue(context, g.DstShape(), weights.dim(0),
                       g.inputs * g.y.kernel * g.x.kernel);
}

absl::Status Conv2dFusedReference(ReferenceContext& context) {
  const ConvGeometry g =
      KnownConv(context.attributes, context.inputs[0]->shape(),
                context.inputs[1]->shape());
  return WithElements(context, [&](const auto* src, const auto* weights,
                                   auto zero, auto& epilogue) {
    std::vector<decltype(zero)> sums(static_cast<size_t>(g.y.out * g.x.out));
    int64_t i = 0;
    for (int64_t n = 0; n < g.batch; ++n) {
      for (int64_t o = 0; o < g.groups * g.outputs; ++o) {
        std::fill(sums.begin(), sums.end(), zero);
        AddConvPlane(g, src, weights, n, o, sums.data());
        for (const auto sum : sums) epilogue.Store(i++, o, sum);
      }
    }
  });
}

absl::Status InferLinearFused(InferContext& context) {
  const Operand src(context, 0, "src"), weights(context, 1, "weights");
  ASSAY_ASSIGN_OR_RETURN(Shape dst, LinearShape(src, weights));
  return InferEpilogue(context, std::move(dst), weights.dim(0), weights.dim(1));
}

absl::Status LinearFusedReference(ReferenceContext& context) {
  const int64_t outputs = context.inputs[1]->dim(0);
  const int64_t inputs = context.inputs[1]->dim(1);
  const int64_t rows = context.inputs[0]->size() / inputs;
  return WithElements(context, [&](const auto* src, const auto* weights,
                                   auto zero, auto& epilogue) {
    using Sum = decltype(zero);
    using T = std::remove_cvref_t<decltype(*src)>;
    Gemm<Sum, T>({src, inputs, 1}, {weights, 1, inputs}, rows, outputs, inputs,
                 [&](int64_t row, const Sum* sums) {
                   for (int64_t o = 0; o < outputs; ++o) {
                     epilogue.Store(row * outputs + o, o, sums[o]);
                   }
                 });
  });
}

}  // namespace

OpSchema Conv2dFusedSchema() {
  std::map<std::string, std::string> attributes = EpilogueAttributes();
  attributes.merge(ConvAttributes());
  return {.name = "conv2d_fused",
          .min_inputs = 2,
          .max_inputs = 4,
          .operands = "src weights [bias] [residual]",
          .attributes = std::move(attributes),
          .infer = InferConv2dFused,
          .reference = Conv2dFusedReference,
          .macs = ConvMacs};
}

OpSchema LinearFusedSchema() {
  return {.name = "linear_fused",
          .min_inputs = 2,
          .max_inputs = 4,
          .operands = "src weights [bias] [residual]",
          .attributes = EpilogueAttributes(),
          .infer = InferLinearFused,
          .reference = LinearFusedReference,
          .macs = LinearMacs};
}

}  // namespace assay
