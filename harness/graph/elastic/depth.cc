#include "harness/graph/elastic/depth.h"

#include <algorithm>
#include <set>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/copier.h"
#include "harness/graph/rewrites/prune_dead.h"

namespace assay {
namespace {

// What `from` is computed from, back to `until`.
class Branch {
 public:
  Branch(const Graph& graph, ValueId from, ValueId until)
      : graph_(graph), until_(until) {
    std::vector<ValueId> open = {from};
    while (!open.empty()) {
      const ValueId id = open.back();
      open.pop_back();
      if (id == until) reaches_ = true;
      // Nothing that was defined before `until` depends on it.
      const bool leaf = graph.value(id).kind != ValueKind::kResult;
      if (id == until || (id < until && !leaf) || !seen_.insert(id).second ||
          leaf) {
        continue;
      }
      for (const ValueId operand :
           graph.node(graph.value(id).producer).inputs) {
        if (operand != kNoValue) open.push_back(operand);
      }
    }
  }

  bool reaches() const { return reaches_; }
  // The first parameter in graph order; kNoValue where there is none.
  ValueId FirstParameter() const {
    for (const ValueId id : seen_) {
      if (graph_.value(id).kind == ValueKind::kParameter) return id;
    }
    return kNoValue;
  }

 private:
  const Graph& graph_;
  const ValueId until_;
  std::set<ValueId> seen_;
  bool reaches_ = false;
};

}  // namespace

std::vector<ResidualBlock> FindResidualBlocks(const Graph& graph) {
  std::vector<ResidualBlock> blocks;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const Node& node = graph.node(id);
    if (node.op != "add") continue;
    const ValueId sum = node.outputs[0];
    for (const int skip_at : {0, 1}) {
      const ValueId skip = node.inputs[static_cast<size_t>(skip_at)];
      const ValueId branch = node.inputs[static_cast<size_t>(1 - skip_at)];
      if (graph.value(skip).kind == ValueKind::kParameter ||
          graph.value(skip).kind == ValueKind::kConstant || skip == branch ||
          !(graph.type(skip) == graph.type(sum))) {
        continue;
      }
      const Branch walked(graph, branch, skip);
      const ValueId first = walked.FirstParameter();
      if (!walked.reaches() || first == kNoValue) continue;
      blocks.push_back({graph.value(first).name, skip, sum});
      break;
    }
  }
  return blocks;
}

absl::StatusOr<Graph> DropBlocks(const Graph& graph,
                                 absl::Span<const ResidualBlock> blocks) {
  absl::flat_hash_map<ValueId, ValueId> skip_of;
  for (const ResidualBlock& block : blocks) {
    const auto exists = [&](ValueId id) {
      return id >= 0 && id < graph.value_count();
    };
    if (!exists(block.sum) || !exists(block.skip) || block.skip >= block.sum ||
        !(graph.type(block.sum) == graph.type(block.skip))) {
      return absl::InvalidArgumentError(
          absl::StrCat("DropBlocks: '", block.name,
                       "': its sum and skip are no values of one type of this "
                       "graph, the skip first"));
    }
    skip_of[block.sum] = block.skip;
  }
  CopyHooks hooks;
  hooks.node = [&](GraphCopier& copier, NodeId id) -> absl::StatusOr<bool> {
    const auto dropped = skip_of.find(graph.node(id).outputs[0]);
    if (dropped == skip_of.end()) return false;
    copier.Set(dropped->first, copier.Map(dropped->second));
    return true;
  };
  ASSAY_ASSIGN_OR_RETURN(const Graph copy, CopyGraph(graph, hooks));
  return PruneDead(copy);
}

}  // namespace assay
