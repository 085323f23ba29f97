// From the inference form of a network to its training form.
#ifndef ASSAY_HARNESS_GRAPH_REWRITES_TRAINING_H_
#define ASSAY_HARNESS_GRAPH_REWRITES_TRAINING_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"

namespace assay {

enum class BatchNormMode : uint8_t {
  kUpdate,  // normalises by the batch and updates the running statistics
  kBatch,   // normalises by the batch, running statistics stay
  kFrozen,  // normalises by the running statistics, as in inference
};

struct TrainingOptions {
  BatchNormMode batch_norm = BatchNormMode::kUpdate;
  // running := (1 - momentum) * running + momentum * batch, with the unbiased
  // variance n / (n - 1) of the batch, as PyTorch does.
  double momentum = 0.1;
  // False leaves dropout the identity.
  bool dropout = true;
  // Each dropout draws from its own stream, named by seed and node.
  uint64_t dropout_seed = 0;
};

// A copy in which
//   batch_norm -> batch_norm_training, with updates of the mean and variance
//                 parameters; a batch_norm applied twice updates them twice, in
//                 node order;
//   dropout    -> src * mask / (1 - rate), where the mask is 0 with probability
//                 `rate`, drawn anew for each value of the input `step`
//                 (s64 [], added when the graph has none).
// Statistics that are cut out of a parameter (elastic/subnet.h) do not move: a
// part cannot take the place of the whole. Values keep their names.
// INVALID_ARGUMENT: a batch with one value per channel under kUpdate,
// statistics that are no parameters, or another value named `step`.
absl::StatusOr<Graph> ToTraining(const Graph& graph,
                                 const TrainingOptions& options = {});

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_REWRITES_TRAINING_H_
