// Training steps as graphs: forward, loss, gradients, optimiser, updates.
#ifndef ASSAY_HARNESS_TRAIN_STEP_H_
#define ASSAY_HARNESS_TRAIN_STEP_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/graph/rewrites/training.h"
#include "harness/train/loss.h"
#include "harness/train/optimizer.h"

namespace assay {

struct StepOptions {
  LossOptions loss;
  OptimizerOptions optimizer;
  ParameterRules rules;
  TrainingOptions training;  // batch norm's mode, dropout and its seed
  // Forward and backward in bf16; parameters, their gradients and the optimiser
  // stay f32.
  bool bf16 = false;
  // Attention runs and differentiates as one op where
  // graph/rewrites/fuse_attention.h allows it, and its weights are not kept.
  // Off: as products and softmax, so that the step differentiates again.
  bool fuse_attention = true;
  // Activations are kept at the borders of so many segments of the forward pass
  // and computed again in between (rewrites/recompute.h): less memory, the same
  // bits, about a third more work. 0: no segments.
  int recompute_segments = 0;
  // Without segments: large norms, activations, products and conversions are
  // computed again from what is kept anyway; two thirds of the memory for
  // transformers. In f32 the same bits; in bf16 some results round less often.
  bool recompute_cheap = false;
};

// Parameters that a step on `network` changes by gradient, in the order of
// Graph::parameters(): trainable, used and not frozen. INVALID_ARGUMENT: a rule
// names no trainable parameter.
absl::StatusOr<std::vector<std::string>> SteppedParameters(
    const Graph& network, const ParameterRules& rules);

// The whole step as one graph. Inputs: the network's, "labels",
// "soft_targets" where the loss has them, "learning_rate", "step" (s64, counts
// from 1). Outputs: "loss", "gradient_norm" with clip_norm. Updates: the
// network's parameters with their running statistics, the optimiser's state.
// `network` is in inference form with the output "logits".
absl::StatusOr<Graph> BuildStep(const Graph& network,
                                const StepOptions& options);

// The first half alone. Updates the parameters "gradient/<name>" (f32) with the
// gradients, or with `accumulate` adds to them; and the running statistics. No
// input "learning_rate". Of a masked parameter it is the gradient of what the
// forward pass reads, parameter * mask, so that elements that are masked have
// theirs too (which weight to revive); the second half masks it.
absl::StatusOr<Graph> BuildBackward(const Graph& network,
                                    const StepOptions& options,
                                    bool accumulate);

// The second half: reads "gradient/<name>", updates parameters and the
// optimiser's state. Inputs "learning_rate" and "step".
absl::StatusOr<Graph> BuildApply(const Graph& network,
                                 const StepOptions& options);

}  // namespace assay

#endif  // ASSAY_HARNESS_TRAIN_STEP_H_
