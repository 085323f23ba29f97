// Task losses, appended to a network's graph.
#ifndef ASSAY_HARNESS_TRAIN_LOSS_H_
#define ASSAY_HARNESS_TRAIN_LOSS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/graph/graph.h"

namespace assay {

// Rows whose label is this count for nothing.
inline constexpr int32_t kIgnoredLabel = -1;

struct LossOptions {
  double label_smoothing = 0;
  // Logits are divided by it in front of the loss of the labels (GraSP).
  double temperature = 1;

  // Distillation: an input "soft_targets" of probabilities, shaped as the
  // logits, joins the labels:
  //   (1 - w) * loss + w * T^2 * mean over rows of -sum(t * log_softmax(z / T))
  bool soft_targets = false;
  double soft_weight = 0.5;     // w
  double soft_temperature = 1;  // T

  std::string ToString() const;
};

// Appends to a graph with the output "logits", [N,C] or [N,T,C] of any float
// type, the input "labels" (s32, [N] or [N,T]) and the output "loss": the mean
// cross-entropy in nats over the rows, an f32 scalar. Ignored rows add 0 to the
// sum and 1 to the count. Returns the loss. NOT_FOUND: no logits;
// INVALID_ARGUMENT: another rank.
absl::StatusOr<ValueId> AttachLoss(Graph* graph, const LossOptions& options);

// Appends the input "labels" and, one per label in row-major order, the outputs
// "row_loss" (f32, nats, 0 where ignored) and "prediction" (s32, ties to the
// lowest class). Errors as AttachLoss.
absl::Status AttachScores(Graph* graph);

}  // namespace assay

#endif  // ASSAY_HARNESS_TRAIN_LOSS_H_
