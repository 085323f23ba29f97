#include "harness/ops/pool/max_pool.h"

#include <algorithm>

#include "harness/core/status_macros.h"
#include "harness/graph/gradient.h"
#include "harness/ops/pool/pooling.h"
#include "harness/ops/support/visit.h"

namespace assay {
namespace {

bool IsByte(DType dtype) { return dtype == DType::kU8 || dtype == DType::kS8; }

absl::Status InferMaxPool(InferContext& context) {
  const Operand src(context, 0, "src");
  if (!IsByte(src.dtype())) ASSAY_RETURN_IF_ERROR(src.IsFloat());
  ASSAY_RETURN_IF_ERROR(src.HasRank(4, "[N,C,H,W]"));
  ASSAY_ASSIGN_OR_RETURN(
      const Windows windows,
      CheckPool(context.attributes,
                absl::MakeConstSpan(src.shape()).subspan(2)));
  return SetResults(context,
                    {{src.dtype(), PooledShape(src.shape(), windows)}});
}

absl::Status InferMaxPoolBackward(InferContext& context) {
  const Operand diff_dst(context, 0, "diff_dst"), src(context, 1, "src");
  ASSAY_RETURN_IF_ERROR(src.IsFloat());
  ASSAY_RETURN_IF_ERROR(src.HasRank(4, "[N,C,H,W]"));
  ASSAY_ASSIGN_OR_RETURN(
      const Windows windows,
      CheckPool(context.attributes,
                absl::MakeConstSpan(src.shape()).subspan(2)));
  ASSAY_RETURN_IF_ERROR(
      diff_dst.Has(src.dtype(), PooledShape(src.shape(), windows)));
  return SetResults(context, {src.type()});
}

absl::Status InferMaxPoolSelect(InferContext& context) {
  const Operand values(context, 0, "values"), src(context, 1, "src");
  ASSAY_RETURN_IF_ERROR(src.IsFloat());
  ASSAY_RETURN_IF_ERROR(values.Has(src.dtype(), src.shape()));
  return InferMaxPool(context);
}

// Calls visit(output, position of the first maximum), both in whole tensors.
template <typename T, typename Visit>
void ForEachMaximum(const Attributes& attributes, const Tensor& src,
                    const Visit& visit) {
  const Windows windows = KnownPool(attributes, src.shape());
  const int64_t width = windows.x.in, size = windows.y.in * width;
  const int64_t outputs = windows.y.out * windows.x.out;
  const T* data = src.data<T>();
  ForEachWindow(windows, src.dim(0) * src.dim(1),
                [&](int64_t plane, int64_t o, Extent y, Extent x) {
                  const T* from = data + plane * size;
                  int64_t best = y.first * width + x.first;
                  for (int64_t iy = y.first; iy < y.end; ++iy) {
                    for (int64_t ix = x.first; ix < x.end; ++ix) {
                      const T value = from[iy * width + ix], top = from[best];
                      const bool is_nan = value != value && top == top;
                      if (value > top || is_nan) best = iy * width + ix;
                    }
                  }
                  visit(plane * outputs + o, plane * size + best);
                });
}

absl::Status Select(const Attributes& attributes, const Tensor& values,
                    const Tensor& src, Tensor& dst) {
  const auto select = [&]<typename T>() {
    const T* from = values.data<T>();
    T* to = dst.data<T>();
    ForEachMaximum<T>(attributes, src,
                      [&](int64_t o, int64_t i) { to[o] = from[i]; });
    return absl::OkStatus();
  };
  if (src.dtype() == DType::kU8) return select.template operator()<uint8_t>();
  if (src.dtype() == DType::kS8) return select.template operator()<int8_t>();
  return VisitFloat(src.dtype(), select);
}

absl::Status MaxPoolBackwardReference(ReferenceContext& context) {
  const Tensor& diff_dst = *context.inputs[0];
  const Tensor& src = *context.inputs[1];
  Tensor& diff_src = *context.outputs[0];
  return VisitFloat(src.dtype(), [&]<typename T>() {
    std::fill_n(diff_src.data<T>(), diff_src.size(), T(0));
    const T* from = diff_dst.data<T>();
    T* to = diff_src.data<T>();
    ForEachMaximum<T>(context.attributes, src,
                      [&](int64_t o, int64_t i) { to[i] += from[o]; });
    return absl::OkStatus();
  });
}

absl::Status MaxPoolGradient(GradientBuilder& g) {
  g.Set(0, g.b().Op("max_pool_backward", {g.gradient(), g.input(0)},
                    g.attributes()));
  return absl::OkStatus();
}

absl::Status MaxPoolBackwardGradient(GradientBuilder& g) {
  if (!g.needs(0)) return absl::OkStatus();
  g.Set(0, g.b().Op("max_pool_select", {g.gradient(), g.input(1)},
                    g.attributes()));
  return absl::OkStatus();
}

absl::Status MaxPoolSelectGradient(GradientBuilder& g) {
  if (!g.needs(0)) return absl::OkStatus();
  g.Set(0, g.b().Op("max_pool_backward", {g.gradient(), g.input(1)},
                    g.attributes()));
  return absl::OkStatus();
}

}  // namespace

OpSchema MaxPoolSchema() {
  return {.name = "max_pool",
          .operands = "src",
          .attributes = PoolAttributes(),
          .infer = InferMaxPool,
          .reference =
              [](ReferenceContext& c) {
                return Select(c.attributes, *c.inputs[0], *c.inputs[0],
                              *c.outputs[0]);
              },
          .gradient = MaxPoolGradient,
          .couple = CouplePool};
}

OpSchema MaxPoolBackwardSchema() {
  return {.name = "max_pool_backward",
          .min_inputs = 2,
          .max_inputs = 2,
          .operands = "diff_dst src",
          .attributes = PoolAttributes(),
          .infer = InferMaxPoolBackward,
          .reference = MaxPoolBackwardReference,
          .gradient = MaxPoolBackwardGradient};
}

OpSchema MaxPoolSelectSchema() {
  return {.name = "max_pool_select",
          .min_inputs = 2,
          .max_inputs = 2,
          .operands = "values src",
          .attributes = PoolAttributes(),
          .infer = InferMaxPoolSelect,
          .reference =
              [](ReferenceContext& c) {
                return Select(c.attributes, *c.inputs[0], *c.inputs[1],
                              *c.outputs[0]);
              },
          .gradient = MaxPoolSelectGradient};
}

}  // namespace assay
