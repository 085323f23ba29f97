#include "harness/train/loss.h"

#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/dtype.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/graph/builder.h"

namespace assay {
namespace {

// Logits as f32 [rows, C].
absl::StatusOr<ValueId> LogitRows(GraphBuilder& b) {
  const ValueId logits = b.graph().FindOutput("logits");
  if (logits == kNoValue) {
    return absl::NotFoundError(absl::StrCat("graph \"", b.graph().name(),
                                            "\" has no output \"logits\""));
  }
  const TensorType& type = b.graph().type(logits);
  if (type.shape.size() != 2 && type.shape.size() != 3) {
    return absl::InvalidArgumentError(absl::StrCat(
        "graph \"", b.graph().name(),
        "\": logits: expected [N,C] or [N,T,C], got ", ToString(type)));
  }
  const int64_t classes = type.shape.back();
  ValueId rows = logits;
  if (type.shape.size() == 3) rows = b.Reshape(rows, {-1, classes});
  if (b.ok() && b.dtype(rows) != DType::kF32) {
    rows = b.Op("cast", {rows}, {{"dtype", std::string("f32")}});
  }
  return rows;
}

// The new input, and its rows as [rows].
ValueId LabelRows(GraphBuilder& b) {
  const ValueId logits = b.graph().FindOutput("logits");
  Shape shape = b.shape(logits);
  shape.pop_back();
  const bool flat = shape.size() == 1;
  const ValueId labels = b.Input("labels", DType::kS32, std::move(shape));
  return flat ? labels : b.Reshape(labels, {-1});
}

ValueId CrossEntropy(GraphBuilder& b, ValueId rows, ValueId labels,
                     double smoothing) {
  return b.Op("cross_entropy", {rows, labels},
              {{"label_smoothing", smoothing},
               {"ignore_index", int64_t{kIgnoredLabel}}});
}

// T^2 * mean over rows of -sum(t * log_softmax(z / T)).
ValueId SoftLoss(GraphBuilder& b, ValueId rows, double temperature) {
  const ValueId logits = b.graph().FindOutput("logits");
  const Shape shape = b.shape(logits);
  ValueId targets = b.Input("soft_targets", DType::kF32, shape);
  if (shape.size() == 3) targets = b.Reshape(targets, {-1, shape.back()});
  const ValueId log_q = b.Op("log_softmax", {b.Scale(rows, 1 / temperature)},
                             {{"axis", int64_t{-1}}});
  const ValueId per_row = b.ReduceSum(b.Mul(targets, log_q), {1}, false);
  return b.Scale(b.ReduceMean(per_row, {0}, false), -temperature * temperature);
}

}  // namespace

std::string LossOptions::ToString() const {
  std::string text = absl::StrCat("cross-entropy, smoothing ", label_smoothing,
                                  ", temperature ", temperature);
  if (soft_targets) {
    absl::StrAppend(&text, ", soft targets ", soft_weight, " at temperature ",
                    soft_temperature);
  }
  return text;
}

absl::StatusOr<ValueId> AttachLoss(Graph* graph, const LossOptions& options) {
  GraphBuilder b(graph);
  ASSAY_ASSIGN_OR_RETURN(const ValueId rows, LogitRows(b));
  const ValueId labels = LabelRows(b);
  const ValueId scaled =
      options.temperature == 1 ? rows : b.Scale(rows, 1 / options.temperature);
  ValueId loss = b.ReduceMean(
      CrossEntropy(b, scaled, labels, options.label_smoothing), {0}, false);
  if (options.soft_targets) {
    loss = b.Add(b.Scale(loss, 1 - options.soft_weight),
                 b.Scale(SoftLoss(b, rows, options.soft_temperature),
                         options.soft_weight));
  }
  b.Output("loss", loss);
  ASSAY_RETURN_IF_ERROR(b.status());
  return loss;
}

absl::Status AttachScores(Graph* graph) {
  GraphBuilder b(graph);
  ASSAY_ASSIGN_OR_RETURN(const ValueId rows, LogitRows(b));
  const ValueId labels = LabelRows(b);
  b.Output("row_loss", CrossEntropy(b, rows, labels, 0));
  b.Output("prediction", b.Op("argmax", {rows}, {{"axis", int64_t{-1}}}));
  return b.status();
}

}  // namespace assay
