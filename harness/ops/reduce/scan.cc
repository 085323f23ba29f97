#include "harness/ops/reduce/scan.h"

#include "harness/core/status_macros.h"
#include "harness/graph/gradient.h"
#include "harness/ops/support/couple.h"
#include "harness/ops/support/infer.h"
#include "harness/ops/support/rows.h"
#include "harness/ops/support/visit.h"

namespace assay {
namespace {

absl::Status InferArgmax(InferContext& context) {
  const Operand src(context, 0, "src");
  ASSAY_RETURN_IF_ERROR(src.IsNumeric());
  ASSAY_ASSIGN_OR_RETURN(
      const int64_t axis,
      NormalizeAxis(context.attributes.Int("axis", -1), src.rank()));
  Shape shape = src.shape();
  shape.erase(shape.begin() + axis);
  return SetResults(context, {{DType::kS32, std::move(shape)}});
}

template <typename T>
int32_t FirstMaximum(const T* src, int64_t length, int64_t stride) {
  int64_t best = 0;
  for (int64_t i = 0; i < length; ++i) {
    const T value = src[i * stride], top = src[best * stride];
    if (top != top) break;  // NaN
    if (value > top || value != value) best = i;
  }
  return static_cast<int32_t>(best);
}

absl::Status ArgmaxReference(ReferenceContext& context) {
  const Tensor& src = *context.inputs[0];
  const Rows rows(src.shape(), context.attributes.Int("axis", -1));
  return VisitNumeric(src.dtype(), [&]<typename T>() {
    int32_t* dst = context.outputs[0]->data<int32_t>();
    rows.ForEach([&](int64_t start) {
      *dst++ =
          FirstMaximum(src.data<T>() + start, rows.length(), rows.stride());
    });
    return absl::OkStatus();
  });
}

absl::Status InferCumsum(InferContext& context) {
  const Operand src(context, 0, "src");
  ASSAY_RETURN_IF_ERROR(src.IsFloat());
  ASSAY_RETURN_IF_ERROR(
      NormalizeAxis(context.attributes.Int("axis", -1), src.rank()).status());
  return SetResults(context, {src.type()});
}

absl::Status CumsumReference(ReferenceContext& context) {
  const Tensor& src = *context.inputs[0];
  const Rows rows(src.shape(), context.attributes.Int("axis", -1));
  const bool reverse = context.attributes.Int("reverse", 0) != 0;
  return VisitFloat(src.dtype(), [&]<typename T>() {
    const T* from = src.data<T>();
    T* to = context.outputs[0]->data<T>();
    rows.ForEach([&](int64_t start) {
      double sum = 0;
      for (int64_t i = 0; i < rows.length(); ++i) {
        const int64_t step = reverse ? rows.length() - 1 - i : i;
        const int64_t at = start + step * rows.stride();
        sum += static_cast<double>(from[at]);
        to[at] = static_cast<T>(sum);
      }
    });
    return absl::OkStatus();
  });
}

absl::Status CumsumGradient(GradientBuilder& g) {
  const int64_t reverse = g.attributes().Int("reverse", 0) != 0 ? 0 : 1;
  g.Set(0, g.b().Op("cumsum", {g.gradient()},
                    {{"axis", g.attributes().Int("axis", -1)},
                     {"reverse", reverse}}));
  return absl::OkStatus();
}

// The axis is frozen; the others go on.
void CoupleArgmax(ChannelCoupler& coupler) {
  const ValueId src = coupler.node().inputs[0];
  const int64_t rank = RankOf(coupler, src);
  const int64_t axis =
      KnownAxis(coupler.node().attributes.Int("axis", -1), rank);
  int to = 0;
  for (int from = 0; from < rank; ++from) {
    if (from == axis) {
      coupler.Freeze(src, from);
    } else {
      coupler.Same(src, from, coupler.node().outputs[0], to++);
    }
  }
}

}  // namespace

OpSchema ArgmaxSchema() {
  return {.name = "argmax",
          .operands = "src",
          .attributes = {{"axis", "int"}},
          .infer = InferArgmax,
          .reference = ArgmaxReference,
          .couple = CoupleArgmax};
}

OpSchema CumsumSchema() {
  return {.name = "cumsum",
          .operands = "src",
          .attributes = {{"axis", "int"}, {"reverse", "int"}},
          .infer = InferCumsum,
          .reference = CumsumReference,
          .gradient = CumsumGradient,
          .couple = CoupleFreezingAxis};
}

}  // namespace assay
