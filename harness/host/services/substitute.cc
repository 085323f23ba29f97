#include "harness/host/services/substitute.h"

#include <map>
#include <queue>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/copier.h"
#include "harness/graph/rewrites/prune_dead.h"

namespace assay {
namespace {

absl::Status CheckPair(const Graph& graph, ValueId value, ValueId by) {
  for (ValueId v : {value, by}) {
    if (v < 0 || v >= graph.value_count()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "substitute: there are ", graph.value_count(), " values, got ", v));
    }
  }
  if (!(graph.type(value) == graph.type(by))) {
    return absl::InvalidArgumentError(
        absl::StrCat("substitute: ", graph.value(value).name, " is ",
                     ToString(graph.type(value)), ", its replacement ",
                     graph.value(by).name, " is ", ToString(graph.type(by))));
  }
  return absl::OkStatus();
}

// Nodes on which `value` depends.
std::set<NodeId> Ancestors(const Graph& graph, ValueId value) {
  std::set<NodeId> found;
  std::vector<ValueId> open = {value};
  while (!open.empty()) {
    const NodeId producer = graph.value(open.back()).producer;
    open.pop_back();
    if (producer == kNoNode || !found.insert(producer).second) continue;
    for (ValueId v : graph.node(producer).inputs) {
      if (v != kNoValue) open.push_back(v);
    }
  }
  return found;
}

// Which operands each node reads after the substitution.
std::vector<std::vector<ValueId>> NewOperands(
    const Graph& graph, absl::Span<const std::pair<ValueId, ValueId>> pairs) {
  std::vector<std::vector<ValueId>> operands;
  for (NodeId n = 0; n < graph.node_count(); ++n) {
    operands.push_back(graph.node(n).inputs);
  }
  for (const auto& [value, by] : pairs) {
    const std::set<NodeId> above = Ancestors(graph, by);
    for (NodeId n = 0; n < graph.node_count(); ++n) {
      if (above.count(n) > 0) continue;
      const std::vector<ValueId>& old = graph.node(n).inputs;
      for (size_t i = 0; i < old.size(); ++i) {
        if (old[i] == value) operands[static_cast<size_t>(n)][i] = by;
      }
    }
  }
  return operands;
}

// Nodes so that each comes after those whose results it reads; the lowest old
// number first. Shorter than the graph where there is a circle.
std::vector<NodeId> Order(const Graph& graph,
                          const std::vector<std::vector<ValueId>>& operands) {
  std::vector<std::vector<NodeId>> readers(operands.size());
  std::vector<int> waiting(operands.size(), 0);
  std::priority_queue<NodeId, std::vector<NodeId>, std::greater<>> ready;
  for (size_t n = 0; n < operands.size(); ++n) {
    for (ValueId v : operands[n]) {
      const NodeId producer = v == kNoValue ? kNoNode : graph.value(v).producer;
      if (producer == kNoNode) continue;
      readers[static_cast<size_t>(producer)].push_back(static_cast<NodeId>(n));
      ++waiting[n];
    }
    if (waiting[n] == 0) ready.push(static_cast<NodeId>(n));
  }
  std::vector<NodeId> order;
  while (!ready.empty()) {
    const NodeId n = ready.top();
    ready.pop();
    order.push_back(n);
    for (NodeId reader : readers[static_cast<size_t>(n)]) {
      if (--waiting[static_cast<size_t>(reader)] == 0) ready.push(reader);
    }
  }
  return order;
}

}  // namespace

absl::StatusOr<Graph> SubstituteValues(
    const Graph& graph, absl::Span<const std::pair<ValueId, ValueId>> pairs) {
  std::map<ValueId, ValueId> replacement;
  for (const auto& [value, by] : pairs) {
    ASSAY_RETURN_IF_ERROR(CheckPair(graph, value, by));
    replacement[value] = by;
  }
  const std::vector<std::vector<ValueId>> operands = NewOperands(graph, pairs);
  const std::vector<NodeId> order = Order(graph, operands);
  if (order.size() != operands.size()) {
    return absl::InvalidArgumentError(
        "substitute: the replacements depend on one another in a circle");
  }

  Graph result(graph.ops());
  result.set_name(graph.name());
  GraphCopier copier(graph, &result);
  for (ValueId v = 0; v < graph.value_count(); ++v) {
    if (graph.value(v).kind != ValueKind::kResult) {
      ASSAY_RETURN_IF_ERROR(copier.CopyLeaf(v));
    }
  }
  for (NodeId n : order) {
    const Node& node = graph.node(n);
    std::vector<ValueId> inputs = copier.Map(operands[static_cast<size_t>(n)]);
    ASSAY_ASSIGN_OR_RETURN(
        const NodeId copy,
        result.AddNode(node.op, std::move(inputs), node.attributes,
                       graph.value(node.outputs[0]).name));
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      copier.Set(node.outputs[i], result.node(copy).outputs[i]);
    }
  }
  const auto final_value = [&](ValueId v) {
    const auto it = replacement.find(v);
    return copier.Map(it == replacement.end() ? v : it->second);
  };
  for (const Graph::Output& o : graph.outputs()) {
    ASSAY_RETURN_IF_ERROR(result.AddOutput(o.name, final_value(o.value)));
  }
  for (const Graph::Update& u : graph.updates()) {
    ASSAY_RETURN_IF_ERROR(
        result.AddUpdate(copier.Map(u.parameter), final_value(u.value)));
  }
  return PruneDead(result);
}

}  // namespace assay
