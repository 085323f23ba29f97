// Optimiser steps as graphs.
#ifndef ASSAY_HARNESS_TRAIN_OPTIMIZER_H_
#define ASSAY_HARNESS_TRAIN_OPTIMIZER_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "harness/graph/builder.h"
#include "harness/graph/graph.h"

namespace assay {

struct OptimizerOptions {
  enum class Kind : uint8_t { kSgd, kAdamW };
  Kind kind = Kind::kSgd;
  double momentum = 0.9;                              // kSgd
  bool nesterov = false;                              // kSgd
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;  // kAdamW
  double weight_decay = 0;
  bool decay_norms_and_biases = true;
  // Every element into [-clip_value, clip_value], then all gradients together
  // to a Euclidean norm of at most clip_norm. 0: off.
  double clip_value = 0;
  double clip_norm = 0;

  std::string ToString() const;
};

// What holds for single parameters, by name.
struct ParameterRules {
  // Kept at their value; no gradient is computed.
  std::set<std::string> frozen;
  // Multiplied by the parameter MaskName(name) (rewrites/apply_masks.h) in the
  // forward pass; gradient, new value and optimiser state are multiplied too,
  // so that a masked element stays 0 through weight decay and momentum.
  std::set<std::string> masked;
  // Adds coefficient * sign(w) to the gradient: the L1 penalty of network
  // slimming.
  std::map<std::string, double> l1;
};

// Names of what a step keeps beside the network's parameters.
std::string GradientName(absl::string_view parameter);  // "gradient/..."
// The optimiser's state for one parameter: "optimizer/momentum/..." or
// "optimizer/first/...", "optimizer/second/...".
std::vector<std::string> StateNames(OptimizerOptions::Kind kind,
                                    absl::string_view parameter);

// One parameter and its gradient, both values of the graph under construction.
struct ParameterGradient {
  ValueId parameter = kNoValue;
  ValueId gradient = kNoValue;
  bool decays = true;  // false: weight decay is off for it
};

// Appends clipping, L1 terms, optimiser ops, masks and updates. The graph gets
// the inputs "learning_rate" (f32 scalar) and "step" (s64 scalar, from 1)
// where it lacks them, and with clip_norm the output "gradient_norm" (before
// clipping).
absl::Status AppendOptimizer(GraphBuilder& b,
                             absl::Span<const ParameterGradient> gradients,
                             const OptimizerOptions& options,
                             const ParameterRules& rules);

}  // namespace assay

#endif  // ASSAY_HARNESS_TRAIN_OPTIMIZER_H_
