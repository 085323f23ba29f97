// Losses.
#include <numeric>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/shape.h"
#include "harness/models/onnx/import/converter.h"

namespace assay {
namespace {

// -weight[target] log_probabilities[target], reduced; operands 1 and 2 of the
// node are the targets [N,d..] and perhaps the weights [C].
ValueId Loss(NodeContext& c, ValueId log_probabilities) {
  const ValueId targets = c.In(1);
  const std::string reduction = c.Text("reduction", "mean");
  const int64_t rank = c.Rank(log_probabilities);
  const int64_t classes = c.Dim(log_probabilities, 1);
  const DType type = c.dtype(log_probabilities);
  if (!c.ok()) return kNoValue;
  if (rank < 2 || c.Rank(targets) + 1 != rank) {
    c.Invalid(absl::StrCat("targets ", ToString(c.shape(targets)), " for ",
                           ToString(c.shape(log_probabilities))));
    return kNoValue;
  }
  const ValueId at = c.Cast(targets, DType::kS32);
  const ValueId hot =
      c.MoveAxis(c.Op("one_hot", {at},
                      {{"depth", classes}, {"dtype", std::string(Name(type))}}),
                 rank - 1, 1);
  const ValueId picked = c.Sum(c.Mul(log_probabilities, hot), {1}, false);
  ValueId weights = kNoValue;
  if (c.Has(2)) {
    Shape shape(static_cast<size_t>(rank), 1);
    shape[1] = classes;
    weights = c.Sum(c.Mul(hot, c.Reshape(c.In(2), shape)), {1}, false);
  }
  if (c.HasAttribute("ignore_index")) {
    const ValueId ignored = c.Equal(
        at,
        c.Scalar(DType::kS32, static_cast<double>(c.Int("ignore_index", 0))));
    const ValueId kept = c.Cast(c.Not(ignored), type);
    weights = weights == kNoValue ? kept : c.Mul(weights, kept);
  }
  const ValueId loss =
      c.Op("neg", {weights == kNoValue ? picked : c.Mul(picked, weights)});
  if (reduction == "none" || !c.ok()) return loss;
  std::vector<int64_t> axes(static_cast<size_t>(c.Rank(loss)));
  std::iota(axes.begin(), axes.end(), 0);
  if (reduction == "sum") return c.Sum(loss, axes, false);
  if (reduction != "mean") {
    c.Invalid(absl::StrCat("attribute 'reduction': got '", reduction, "'"));
    return kNoValue;
  }
  if (weights == kNoValue) return c.Mean(loss, axes, false);
  return c.Div(c.Sum(loss, axes, false), c.Sum(weights, axes, false));
}

void NegativeLogLikelihoodLoss(NodeContext& c) { c.Out(0, Loss(c, c.In(0))); }

void SoftmaxCrossEntropyLoss(NodeContext& c) {
  const ValueId log_probabilities =
      c.Op("log_softmax", {c.In(0)}, {{"axis", int64_t{1}}});
  c.Out(0, Loss(c, log_probabilities));
  c.Out(1, log_probabilities);
}

constexpr OnnxConverter kConverters[] = {
    {"NegativeLogLikelihoodLoss", 12, NegativeLogLikelihoodLoss, 2, 3,
     "ignore_index reduction"},
    {"SoftmaxCrossEntropyLoss", 12, SoftmaxCrossEntropyLoss, 2, 3,
     "ignore_index reduction"},
};

}  // namespace

absl::Span<const OnnxConverter> LossConverters() { return kConverters; }

}  // namespace assay
