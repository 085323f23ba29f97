#include "harness/graph/rewrites/constant_fold.h"

#include <utility>
#include <vector>

#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/graph/copier.h"
#include "harness/graph/op_schema.h"
#include "harness/graph/reference.h"
#include "harness/graph/rewrites/prune_dead.h"

namespace assay {
namespace {

bool Foldable(const GraphCopier& copier, const Node& node,
              int64_t max_elements) {
  const Graph& from = copier.from();
  if (node.inputs.empty() || from.ops().Find(node.op)->reference == nullptr) {
    return false;
  }
  int64_t elements = 0;
  for (const ValueId output : node.outputs) {
    elements += ElementCount(from.shape(output));
  }
  if (elements > max_elements) return false;
  for (const ValueId input : node.inputs) {
    if (input != kNoValue &&
        copier.to().value(copier.Map(input)).kind != ValueKind::kConstant) {
      return false;
    }
  }
  return true;
}

absl::StatusOr<bool> Fold(GraphCopier& copier, NodeId id,
                          int64_t max_elements) {
  const Graph& from = copier.from();
  const Node& node = from.node(id);
  if (!Foldable(copier, node, max_elements)) return false;
  std::vector<const Tensor*> operands;
  for (const ValueId input : node.inputs) {
    operands.push_back(input == kNoValue
                           ? nullptr
                           : &copier.to().value(copier.Map(input)).constant);
  }
  ASSAY_ASSIGN_OR_RETURN(std::vector<Tensor> results,
                         EvaluateNode(from, id, operands));
  for (size_t i = 0; i < results.size(); ++i) {
    const ValueId output = node.outputs[i];
    copier.Set(output, copier.b().Constant(std::move(results[i]),
                                           from.value(output).name));
  }
  return true;
}

}  // namespace

absl::StatusOr<Graph> FoldConstants(const Graph& graph, int64_t max_elements) {
  CopyHooks hooks;
  hooks.node = [&](GraphCopier& copier, NodeId id) {
    return Fold(copier, id, max_elements);
  };
  ASSAY_ASSIGN_OR_RETURN(const Graph folded, CopyGraph(graph, hooks));
  return PruneDead(folded);
}

}  // namespace assay
