// Copying a graph value by value, with stand-ins: how rewrites are written.
#ifndef ASSAY_HARNESS_GRAPH_COPIER_H_
#define ASSAY_HARNESS_GRAPH_COPIER_H_

#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/graph/builder.h"
#include "harness/graph/graph.h"

namespace assay {

// The copy under way. from() and to() are distinct graphs over the same ops.
class GraphCopier {
 public:
  GraphCopier(const Graph& from, Graph* to);

  const Graph& from() const { return from_; }
  const Graph& to() const { return *to_; }
  GraphBuilder& b() { return builder_; }  // appends to to()

  // What stands for `from` in the copy; kNoValue for kNoValue, and for a value
  // that was left out or not reached yet.
  ValueId Map(ValueId from) const;
  std::vector<ValueId> Map(const std::vector<ValueId>& from) const;
  // Later readers of `from` read `to` instead.
  void Set(ValueId from, ValueId to);

  // Copies an input, parameter or constant under its name.
  absl::Status CopyLeaf(ValueId from);
  // Copies a node with its operands' stand-ins, its name and attributes.
  absl::Status CopyNode(NodeId from);
  // Outputs and updates. A parameter that is not in the copy any more needs no
  // update; an output without a stand-in is INTERNAL.
  absl::Status CopyEnds();

 private:
  const Graph& from_;
  Graph* to_;
  GraphBuilder builder_;
  std::vector<ValueId> map_;
};

struct CopyHooks {
  // Handles an input, parameter or constant (with Set) and returns true, or
  // returns false to have it copied. Null: all are copied.
  std::function<absl::StatusOr<bool>(GraphCopier&, ValueId)> leaf;
  // The same for a node; Set is due for each of its results that is read.
  std::function<absl::StatusOr<bool>(GraphCopier&, NodeId)> node;
  // Runs before outputs and updates are copied; may Set stand-ins for them.
  std::function<absl::Status(GraphCopier&)> finish;
};

// A copy of `graph` in the order of its values. Without hooks the ids are the
// same. Errors of the hooks, or of a node that its new operands do not fit.
absl::StatusOr<Graph> CopyGraph(const Graph& graph, const CopyHooks& hooks);

// Readers of every value, built once: readers[v] lists nodes in order, each
// once. Graph::Consumers is linear per call; this is linear for all.
std::vector<std::vector<NodeId>> ConsumerIndex(const Graph& graph);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_COPIER_H_
