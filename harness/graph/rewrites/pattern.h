// What rewrites ask of a graph when they look for patterns.
#ifndef ASSAY_HARNESS_GRAPH_REWRITES_PATTERN_H_
#define ASSAY_HARNESS_GRAPH_REWRITES_PATTERN_H_

#include <optional>
#include <vector>

#include "absl/strings/string_view.h"
#include "harness/graph/graph.h"

namespace assay {

// A view of a graph that must outlive it and stay as it is.
class Pattern {
 public:
  explicit Pattern(const Graph& graph);

  const Graph& graph() const { return graph_; }

  // The node that makes `v` where it is of this op; else null.
  const Node* Producer(ValueId v, absl::string_view op) const;
  // The same where in addition one node alone reads `v` and it is no output.
  const Node* OwnProducer(ValueId v, absl::string_view op) const;
  bool ReadOnce(ValueId v) const;

  // The tensor of a constant; else null.
  const Tensor* Constant(ValueId v) const;
  // The element of a float constant of one element.
  std::optional<double> Scalar(ValueId v) const;
  // Of a node of two operands, the operand beside one for which
  // `is_other(operand)` holds; kNoValue where none does.
  template <typename F>
  static ValueId Beside(const Node& node, const F& is_other) {
    if (node.inputs.size() != 2) return kNoValue;
    if (is_other(node.inputs[1])) return node.inputs[0];
    if (is_other(node.inputs[0])) return node.inputs[1];
    return kNoValue;
  }

 private:
  const Graph& graph_;
  std::vector<std::vector<NodeId>> readers_;
  std::vector<bool> ends_;  // outputs and updates, by value
};

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_REWRITES_PATTERN_H_
