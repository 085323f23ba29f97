#include "harness/ops/softmax/cross_entropy.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/gradient.h"
#include "harness/ops/softmax/rows_reference.h"
#include "harness/ops/support/infer.h"
#include "harness/ops/support/visit.h"

namespace assay {
namespace {

double Smoothing(const Attributes& attributes) {
  return attributes.Real("label_smoothing", 0);
}

int64_t IgnoreIndex(const Attributes& attributes) {
  return attributes.Int("ignore_index", -1);
}

absl::Status InferCrossEntropy(InferContext& context) {
  const Operand logits(context, 0, "logits"), labels(context, 1, "labels");
  ASSAY_RETURN_IF_ERROR(logits.IsFloat());
  ASSAY_RETURN_IF_ERROR(logits.HasRank(2, "[N,C]"));
  ASSAY_RETURN_IF_ERROR(labels.Has(DType::kS32, {logits.dim(0)}));
  ASSAY_RETURN_IF_ERROR(CheckRange("label_smoothing",
                                   Smoothing(context.attributes), 0,
                                   std::nextafter(1.0, 0.0)));
  return SetResults(context,
                    {{StatisticsType(logits.dtype()), {logits.dim(0)}}});
}

// The loss of one row: with log_sum above the row's log-probabilities,
// -(1 - s) log p[label] - s * mean(log p).
template <typename T>
double RowLoss(const T* row, int64_t classes, int64_t label, double smoothing) {
  const LogSum sum = LogSumOf(row, classes, 1);
  const auto log_p = [&](int64_t c) {
    return (static_cast<double>(row[c]) - sum.maximum) - sum.log_sum;
  };
  double loss = -(1 - smoothing) * log_p(label);
  if (smoothing > 0) {
    double mean = 0;
    for (int64_t c = 0; c < classes; ++c) mean += log_p(c);
    loss -= smoothing * mean / static_cast<double>(classes);
  }
  return loss;
}

absl::Status CrossEntropyReference(ReferenceContext& context) {
  const Tensor& logits = *context.inputs[0];
  const int32_t* labels = context.inputs[1]->data<int32_t>();
  const double smoothing = Smoothing(context.attributes);
  const int64_t ignored = IgnoreIndex(context.attributes);
  const int64_t rows = logits.dim(0), classes = logits.dim(1);
  return VisitFloat(logits.dtype(), [&]<typename T>() {
    T* loss = context.outputs[0]->data<T>();
    for (int64_t n = 0; n < rows; ++n) {
      const int64_t label = labels[n];
      if (label == ignored) {
        loss[n] = 0;
        continue;
      }
      if (label < 0 || label >= classes) {
        return absl::OutOfRangeError(absl::StrCat(
            "labels: row ", n, ": expected a value in [0, ", classes,
            ") or ignore_index=", ignored, ", got ", label));
      }
      loss[n] = static_cast<T>(
          RowLoss(logits.data<T>() + n * classes, classes, label, smoothing));
    }
    return absl::OkStatus();
  });
}

// The targets t: [N,C].
ValueId Targets(GradientBuilder& g) {
  GraphBuilder& b = g.b();
  const int64_t classes = b.shape(g.input(0))[1];
  const ValueId hot = b.Op(
      "one_hot", {g.input(1)},
      {{"depth", classes}, {"dtype", std::string(Name(b.dtype(g.input(0))))}});
  const double smoothing = Smoothing(g.attributes());
  if (smoothing == 0) return hot;
  return b.Offset(b.Scale(hot, 1 - smoothing),
                  smoothing / static_cast<double>(classes));
}

absl::Status CrossEntropyGradient(GradientBuilder& g) {
  if (!g.needs(0)) return absl::OkStatus();
  GraphBuilder& b = g.b();
  const ValueId logits = g.input(0), labels = g.input(1);
  ValueId dy = g.gradient();
  if (b.dtype(dy) != b.dtype(logits)) {
    dy = b.Op("cast", {dy}, {{"dtype", std::string(Name(b.dtype(logits)))}});
  }
  const ValueId ignored = b.Op(
      "equal",
      {labels, b.Scalar(DType::kS32,
                        static_cast<double>(IgnoreIndex(g.attributes())))});
  const ValueId weight =
      b.Op("where", {ignored, b.Scalar(b.dtype(logits), 0), dy});
  const ValueId excess = b.Sub(b.Op("softmax", {logits}), Targets(g));
  g.Set(0, b.Mul(excess, b.Reshape(weight, {b.shape(logits)[0], 1})));
  return absl::OkStatus();
}

}  // namespace

OpSchema CrossEntropySchema() {
  return {.name = "cross_entropy",
          .min_inputs = 2,
          .max_inputs = 2,
          .operands = "logits labels",
          .attributes = {{"label_smoothing", "real"}, {"ignore_index", "int"}},
          .infer = InferCrossEntropy,
          .reference = CrossEntropyReference,
          .gradient = CrossEntropyGradient};
}

}  // namespace assay
