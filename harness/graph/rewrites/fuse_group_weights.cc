#include "harness/graph/rewrites/fuse_group_weights.h"

#include <vector>

#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/graph/copier.h"
#include "harness/graph/rewrites/pattern.h"
#include "harness/graph/rewrites/prune_dead.h"

namespace assay {

absl::StatusOr<Graph> FuseGroupWeights(const Graph& graph, int64_t most_rows,
                                       int64_t most_rows_of_large) {
  const Pattern pattern(graph);
  CopyHooks hooks;
  hooks.node = [&](GraphCopier& copier, NodeId id) -> absl::StatusOr<bool> {
    const Node& node = graph.node(id);
    if (node.op != "linear") return false;
    const Node* grid = pattern.Producer(node.inputs[1], "dequantize_u4");
    if (grid == nullptr) return false;
    const Shape& src = graph.shape(node.inputs[0]);
    const bool large =
        ElementCount(graph.shape(node.inputs[1])) >= kLargeWeights;
    const int64_t most = large ? most_rows_of_large : most_rows;
    if (most > 0 && ElementCount(src) / src.back() > most) return false;
    std::vector<ValueId> operands = {node.inputs[0], grid->inputs[0],
                                     grid->inputs[1], kNoValue, kNoValue};
    if (grid->inputs.size() > 2) operands[3] = grid->inputs[2];
    if (node.inputs.size() > 2) operands[4] = node.inputs[2];
    while (operands.back() == kNoValue) operands.pop_back();
    const ValueId result = node.outputs[0];
    copier.Set(result, copier.b().Op("linear_u4", copier.Map(operands), {},
                                     graph.value(result).name));
    return true;
  };
  ASSAY_ASSIGN_OR_RETURN(const Graph fused, CopyGraph(graph, hooks));
  return PruneDead(fused);
}

}  // namespace assay
