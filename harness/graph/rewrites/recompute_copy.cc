#include "harness/graph/rewrites/recompute_copy.h"

#include <utility>
#include <vector>

#include "harness/core/status_macros.h"

namespace assay {

absl::StatusOr<Recomputed> CopyBackward(
    const Graph& graph, NodeId forward_nodes,
    const std::function<absl::StatusOr<ValueId>(GraphCopier&, ValueId)>&
        operand) {
  Recomputed result{Graph(graph.ops()), {}};
  CopyHooks hooks;
  hooks.node = [&](GraphCopier& copier, NodeId id) -> absl::StatusOr<bool> {
    if (id < forward_nodes) return false;
    const Node& node = graph.node(id);
    std::vector<ValueId> operands;
    for (const ValueId old : node.inputs) {
      ASSAY_ASSIGN_OR_RETURN(const ValueId now, operand(copier, old));
      operands.push_back(now);
    }
    const std::vector<ValueId> results =
        copier.b().Ops(node.op, std::move(operands), node.attributes,
                       graph.value(node.outputs[0]).name);
    ASSAY_RETURN_IF_ERROR(copier.b().status());
    for (size_t i = 0; i < results.size(); ++i) {
      copier.Set(node.outputs[i], results[i]);
    }
    return true;
  };
  hooks.finish = [&](GraphCopier& copier) {
    for (ValueId id = 0; id < graph.value_count(); ++id) {
      result.values.push_back(copier.Map(id));
    }
    return absl::OkStatus();
  };
  ASSAY_ASSIGN_OR_RETURN(result.graph, CopyGraph(graph, hooks));
  return result;
}

}  // namespace assay
