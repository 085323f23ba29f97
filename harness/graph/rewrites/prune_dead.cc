#include "harness/graph/rewrites/prune_dead.h"

#include <algorithm>
#include <vector>

#include "harness/graph/copier.h"

namespace assay {
namespace {

// By value: reached from an output or an update.
std::vector<bool> Live(const Graph& graph) {
  std::vector<bool> live(static_cast<size_t>(graph.value_count()));
  const auto mark = [&](ValueId id) {
    if (id != kNoValue) live[static_cast<size_t>(id)] = true;
  };
  for (const Graph::Output& output : graph.outputs()) mark(output.value);
  for (const Graph::Update& update : graph.updates()) {
    mark(update.parameter);
    mark(update.value);
  }
  for (NodeId id = graph.node_count() - 1; id >= 0; --id) {
    const Node& node = graph.node(id);
    const bool needed = std::any_of(
        node.outputs.begin(), node.outputs.end(),
        [&](ValueId output) { return live[static_cast<size_t>(output)]; });
    if (needed) std::for_each(node.inputs.begin(), node.inputs.end(), mark);
  }
  return live;
}

}  // namespace

absl::StatusOr<Graph> PruneDead(const Graph& graph) {
  const std::vector<bool> live = Live(graph);
  CopyHooks hooks;
  hooks.leaf = [&](GraphCopier&, ValueId id) {
    return !live[static_cast<size_t>(id)] &&
           graph.value(id).kind != ValueKind::kInput;
  };
  hooks.node = [&](GraphCopier&, NodeId id) {
    const std::vector<ValueId>& results = graph.node(id).outputs;
    return std::none_of(results.begin(), results.end(), [&](ValueId result) {
      return live[static_cast<size_t>(result)];
    });
  };
  return CopyGraph(graph, hooks);
}

}  // namespace assay
