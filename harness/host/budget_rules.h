// What a budget asks for and whether a network meets it: one rule for the check
// that a method may call while it works and for the verdict on what it submits.
#ifndef ASSAY_HARNESS_HOST_BUDGET_RULES_H_
#define ASSAY_HARNESS_HOST_BUDGET_RULES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"

namespace assay {

// Negative: no limit.
struct BudgetLimits {
  double sparsity = -1;
  double macs_fraction = -1;
  int32_t weight_bits = -1;
  int32_t activation_bits = -1;
  int64_t bytes = -1;
};

// Weights of convolutions and linear layers that are stored: what sparsity is
// counted over.
struct PrunableCount {
  int64_t tensors = 0;
  int64_t weights = 0;
  int64_t nonzeros = 0;
  int64_t bits = 0;  // of their types
};
// Without parameters every weight counts as not 0.
absl::StatusOr<PrunableCount> CountPrunable(const Graph& graph,
                                            const ParameterStore* parameters);

// Bits in which the weights and the activations of a node with weights are
// multiplied: 8 where they come out of dequantize_linear nodes, 4 out of
// dequantize_u4, else those of their types.
struct LayerBits {
  uint32_t weights = 32;
  uint32_t activations = 32;
};
LayerBits BitsOf(const Graph& graph, NodeId node);

// What budgets limit, of one network at batch 1.
struct Footprint {
  PrunableCount prunable;
  int64_t macs = 0;  // of one sample, zeros counted
  // The widest of any convolution or linear layer, and its name.
  int32_t weight_bits = 0, activation_bits = 0;
  std::string widest_weights, widest_activations;
  int64_t parameter_bytes = 0;  // of the stored parameters
};
absl::StatusOr<Footprint> FootprintOf(const Graph& graph,
                                      const ParameterStore* parameters);

struct BudgetFinding {
  std::string quantity;   // "sparsity"
  bool at_least = false;  // else at most
  double asked = 0, reached = 0;
  double tolerance = 0;  // relative, granted
  bool met = false;
  std::string message;  // what was expected and got
};

// One finding for each field of `limits` that constrains:
//   sparsity         1 - nonzeros / prunable weights of the dense network, so
//                    that removed channels count as removed weights
//   macs_fraction    of the dense network's; a mask saves none
//   weight_bits, activation_bits, bytes
// One weight of each tensor is granted on sparsity: s * n is rarely a whole
// number, and methods round down in each.
std::vector<BudgetFinding> JudgeBudget(const BudgetLimits& limits,
                                       const Footprint& dense,
                                       const Footprint& candidate);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_BUDGET_RULES_H_
