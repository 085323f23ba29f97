#include "harness/ops/softmax/softmax.h"

#include <cmath>

#include "harness/core/status_macros.h"
#include "harness/graph/gradient.h"
#include "harness/ops/softmax/rows_reference.h"
#include "harness/ops/support/couple.h"
#include "harness/ops/support/infer.h"
#include "harness/ops/support/rows.h"
#include "harness/ops/support/visit.h"

namespace assay {
namespace {

int64_t AxisOf(const Attributes& attributes) {
  return attributes.Int("axis", -1);
}

absl::Status InferSoftmax(InferContext& context) {
  const Operand src(context, 0, "src");
  ASSAY_RETURN_IF_ERROR(src.IsFloat());
  ASSAY_RETURN_IF_ERROR(
      NormalizeAxis(AxisOf(context.attributes), src.rank()).status());
  return SetResults(context, {src.type()});
}

// dst = f(log-probability).
template <typename F>
absl::Status MapLogSoftmax(ReferenceContext& context, const F& f) {
  const Tensor& src = *context.inputs[0];
  const Rows rows(src.shape(), AxisOf(context.attributes));
  return VisitFloat(src.dtype(), [&]<typename T>() {
    const T* from = src.data<T>();
    T* to = context.outputs[0]->data<T>();
    rows.ForEach([&](int64_t start) {
      const LogSum row = LogSumOf(from + start, rows.length(), rows.stride());
      for (int64_t i = 0; i < rows.length(); ++i) {
        const int64_t at = start + i * rows.stride();
        const double x = static_cast<double>(from[at]);
        to[at] = static_cast<T>(f((x - row.maximum) - row.log_sum));
      }
    });
    return absl::OkStatus();
  });
}

// y (dy - sum(dy y)).
absl::Status SoftmaxGradient(GradientBuilder& g) {
  GraphBuilder& b = g.b();
  const ValueId y = g.output(0), dy = g.gradient();
  const ValueId sum = b.ReduceSum(b.Mul(dy, y), {AxisOf(g.attributes())}, true);
  g.Set(0, b.Mul(y, b.Sub(dy, sum)));
  return absl::OkStatus();
}

// dy - exp(y) sum(dy).
absl::Status LogSoftmaxGradient(GradientBuilder& g) {
  GraphBuilder& b = g.b();
  const ValueId dy = g.gradient();
  const ValueId sum = b.ReduceSum(dy, {AxisOf(g.attributes())}, true);
  g.Set(0, b.Sub(dy, b.Mul(b.Op("exp", {g.output(0)}), sum)));
  return absl::OkStatus();
}

}  // namespace

OpSchema SoftmaxSchema() {
  return {.name = "softmax",
          .operands = "src",
          .attributes = {{"axis", "int"}},
          .infer = InferSoftmax,
          .reference =
              [](ReferenceContext& c) {
                return MapLogSoftmax(c, [](double x) { return std::exp(x); });
              },
          .gradient = SoftmaxGradient,
          .couple = CoupleFreezingAxis};
}

OpSchema LogSoftmaxSchema() {
  return {.name = "log_softmax",
          .operands = "src",
          .attributes = {{"axis", "int"}},
          .infer = InferSoftmax,
          .reference =
              [](ReferenceContext& c) {
                return MapLogSoftmax(c, [](double x) { return x; });
              },
          .gradient = LogSoftmaxGradient,
          .couple = CoupleFreezingAxis};
}

}  // namespace assay
