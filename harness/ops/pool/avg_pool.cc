#include "harness/ops/pool/avg_pool.h"

#include <vector>

#include "harness/core/status_macros.h"
#include "harness/graph/gradient.h"
#include "harness/ops/pool/pooling.h"
#include "harness/ops/support/visit.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

absl::Status InferAvgPool(InferContext& context) {
  const Operand src(context, 0, "src");
  ASSAY_RETURN_IF_ERROR(src.IsFloat());
  ASSAY_RETURN_IF_ERROR(src.HasRank(4, "[N,C,H,W]"));
  ASSAY_ASSIGN_OR_RETURN(
      const Windows windows,
      CheckPool(context.attributes,
                absl::MakeConstSpan(src.shape()).subspan(2)));
  return SetResults(context,
                    {{src.dtype(), PooledShape(src.shape(), windows)}});
}

absl::Status InferAvgPoolBackward(InferContext& context) {
  const Operand diff_dst(context, 0, "diff_dst");
  ASSAY_RETURN_IF_ERROR(diff_dst.IsFloat());
  ASSAY_RETURN_IF_ERROR(diff_dst.HasRank(4, "[N,C,OH,OW]"));
  ASSAY_ASSIGN_OR_RETURN(const Ints source,
                         IntsOfSize(context.attributes, "src_shape", {}, 2, 1));
  ASSAY_ASSIGN_OR_RETURN(const Windows windows,
                         CheckPool(context.attributes, source));
  const Shape src = {diff_dst.dim(0), diff_dst.dim(1), source[0], source[1]};
  ASSAY_RETURN_IF_ERROR(diff_dst.HasShape(PooledShape(src, windows)));
  return SetResults(context, {{diff_dst.dtype(), src}});
}

double Divisor(const Attributes& attributes, const Windows& windows, Extent y,
               Extent x) {
  const bool whole = attributes.Int("count_include_pad", 0) != 0;
  return static_cast<double>(whole ? windows.y.kernel * windows.x.kernel
                                   : (y.end - y.first) * (x.end - x.first));
}

absl::Status AvgPoolReference(ReferenceContext& context) {
  const Tensor& src = *context.inputs[0];
  const Windows windows = KnownPool(context.attributes, src.shape());
  const int64_t width = windows.x.in, size = windows.y.in * width;
  return VisitFloat(src.dtype(), [&]<typename T>() {
    T* to = context.outputs[0]->data<T>();
    ForEachWindow(windows, src.dim(0) * src.dim(1),
                  [&](int64_t plane, int64_t, Extent y, Extent x) {
                    const T* from = src.data<T>() + plane * size;
                    double sum = 0;
                    for (int64_t iy = y.first; iy < y.end; ++iy) {
                      for (int64_t ix = x.first; ix < x.end; ++ix) {
                        sum += static_cast<double>(from[iy * width + ix]);
                      }
                    }
                    *to++ = static_cast<T>(
                        sum / Divisor(context.attributes, windows, y, x));
                  });
    return absl::OkStatus();
  });
}

absl::Status AvgPoolBackwardReference(ReferenceContext& context) {
  Tensor& diff_src = *context.outputs[0];
  const Windows windows = KnownPool(context.attributes, diff_src.shape());
  const int64_t width = windows.x.in, size = windows.y.in * width;
  return VisitFloat(diff_src.dtype(), [&]<typename T>() {
    std::vector<double> sums(static_cast<size_t>(diff_src.size()), 0.0);
    const T* from = context.inputs[0]->data<T>();
    ForEachWindow(windows, diff_src.dim(0) * diff_src.dim(1),
                  [&](int64_t plane, int64_t, Extent y, Extent x) {
                    double* to = sums.data() + plane * size;
                    const double share =
                        static_cast<double>(*from++) /
                        Divisor(context.attributes, windows, y, x);
                    for (int64_t iy = y.first; iy < y.end; ++iy) {
                      for (int64_t ix = x.first; ix < x.end; ++ix) {
                        to[iy * width + ix] += share;
                      }
                    }
                  });
    T* to = diff_src.data<T>();
    for (const double sum : sums) *to++ = static_cast<T>(sum);
    return absl::OkStatus();
  });
}

absl::Status AvgPoolGradient(GradientBuilder& g) {
  const Shape& src = g.b().shape(g.input(0));
  Attributes attributes = g.attributes();
  attributes.Set("src_shape", Ints{src[2], src[3]});
  g.Set(0,
        g.b().Op("avg_pool_backward", {g.gradient()}, std::move(attributes)));
  return absl::OkStatus();
}

absl::Status AvgPoolBackwardGradient(GradientBuilder& g) {
  Attributes attributes = g.attributes();
  attributes.Erase("src_shape");
  g.Set(0, g.b().Op("avg_pool", {g.gradient()}, std::move(attributes)));
  return absl::OkStatus();
}

std::map<std::string, std::string> AvgPoolAttributes() {
  std::map<std::string, std::string> attributes = PoolAttributes();
  attributes["count_include_pad"] = "int";
  return attributes;
}

}  // namespace

OpSchema AvgPoolSchema() {
  return {.name = "avg_pool",
          .operands = "src",
          .attributes = AvgPoolAttributes(),
          .infer = InferAvgPool,
          .reference = AvgPoolReference,
          .gradient = AvgPoolGradient,
          .couple = CouplePool};
}

OpSchema AvgPoolBackwardSchema() {
  std::map<std::string, std::string> attributes = AvgPoolAttributes();
  attributes["src_shape"] = "ints";
  return {.name = "avg_pool_backward",
          .operands = "diff_dst",
          .attributes = std::move(attributes),
          .infer = InferAvgPoolBackward,
          .reference = AvgPoolBackwardReference,
          .gradient = AvgPoolBackwardGradient};
}

}  // namespace assay
