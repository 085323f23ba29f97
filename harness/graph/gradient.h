// Differentiation, graph -> graph, reverse mode. Its output is made of the same
// ops and differentiates again (Hessian-vector products).
#ifndef ASSAY_HARNESS_GRAPH_GRADIENT_H_
#define ASSAY_HARNESS_GRAPH_GRADIENT_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/graph/builder.h"
#include "harness/graph/graph.h"

namespace assay {

// Appends to `graph` the gradients of sum(target * seed) with respect to each
// of `sources` (any values: inputs, parameters, results). `seed` has target's
// type; kNoValue means ones, so that a scalar target gives its plain gradient.
// The result has one value per source, kNoValue where the target does not
// depend on it through differentiable ops. Gradients that reach a value from
// several consumers are summed in reverse node order. Ops with a null gradient
// stop the flow, and so do values that are not floating point. An op whose
// gradient function fails, or sets a gradient of another type than its
// operand's, is named in the error.
absl::StatusOr<std::vector<ValueId>> AddGradients(
    Graph* graph, ValueId target, ValueId seed,
    absl::Span<const ValueId> sources);

// What an op's gradient function sees: the forward node's operands and results,
// the gradients that arrived at its results, and a builder. It sets the
// gradient of each operand that needs one.
class GradientBuilder {
 public:
  GradientBuilder(GraphBuilder* builder, const Node* node,
                  std::vector<ValueId> result_gradients,
                  std::vector<bool> needed);

  GraphBuilder& b() { return *builder_; }
  const Attributes& attributes() const { return node_->attributes; }
  size_t input_count() const { return node_->inputs.size(); }
  // kNoValue when absent.
  ValueId input(size_t i) const;
  ValueId output(size_t i) const { return node_->outputs[i]; }
  // Gradient at result i, kNoValue when nothing arrived there.
  ValueId gradient(size_t i = 0) const { return result_gradients_[i]; }
  // False when no source lies behind operand i: skip the work.
  bool needs(size_t i) const;
  void Set(size_t i, ValueId gradient);

  // Sums `gradient` over the axes that broadcasting added or stretched, so that
  // it has the shape of operand i; then Set.
  void SetUnbroadcast(size_t i, ValueId gradient);

  const std::vector<ValueId>& input_gradients() const {
    return input_gradients_;
  }

 private:
  GraphBuilder* builder_;
  const Node* node_;
  std::vector<ValueId> result_gradients_, input_gradients_;
  std::vector<bool> needed_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_GRADIENT_H_
