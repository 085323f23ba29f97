#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "harness/core/dtype.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/graph/copier.h"
#include "harness/graph/rewrites/recompute.h"
#include "harness/graph/rewrites/recompute_copy.h"

namespace assay {
namespace {

// Whose time is that of reading the operands and writing the result.
bool IsCheap(const std::string& op) {
  constexpr absl::string_view kCheap[] = {"cast",       "gelu", "hardswish",
                                          "layer_norm", "mul",  "rms_norm",
                                          "sigmoid",    "silu", "tanh"};
  return absl::c_linear_search(kCheap, op);
}

class CheapValues {
 public:
  CheapValues(const Graph& graph, NodeId forward_nodes, int64_t least_bytes)
      : graph_(graph),
        forward_(forward_nodes),
        cheap_(static_cast<size_t>(graph.value_count()), false),
        again_(static_cast<size_t>(graph.value_count()), kNoValue) {
    std::vector<bool> read_back(cheap_.size(), false);
    for (NodeId id = forward_; id < graph.node_count(); ++id) {
      for (const ValueId operand : graph.node(id).inputs) {
        if (operand != kNoValue) read_back[static_cast<size_t>(operand)] = true;
      }
    }
    for (NodeId id = 0; id < forward_; ++id) {
      const Node& node = graph.node(id);
      if (node.outputs.size() != 1 || !IsCheap(node.op)) continue;
      const ValueId result = node.outputs[0];
      const TensorType& type = graph.type(result);
      cheap_[static_cast<size_t>(result)] =
          read_back[static_cast<size_t>(result)] &&
          ElementCount(type.shape) * SizeOf(type.dtype) >= least_bytes &&
          absl::c_all_of(node.inputs, [&](ValueId operand) {
            return operand == kNoValue ||
                   graph.value(operand).kind != ValueKind::kResult ||
                   read_back[static_cast<size_t>(operand)];
          });
    }
  }

  // What a backward node reads for an operand.
  absl::StatusOr<ValueId> Operand(GraphCopier& copier, ValueId operand) {
    if (operand == kNoValue || !cheap_[static_cast<size_t>(operand)]) {
      return copier.Map(operand);
    }
    ValueId& again = again_[static_cast<size_t>(operand)];
    if (again != kNoValue) return again;
    const Node& node = graph_.node(graph_.value(operand).producer);
    std::vector<ValueId> operands;
    for (const ValueId inner : node.inputs) {
      ASSAY_ASSIGN_OR_RETURN(const ValueId now, Operand(copier, inner));
      operands.push_back(now);
    }
    again = copier.b().Op(node.op, std::move(operands), node.attributes,
                          absl::StrCat(graph_.value(operand).name, ".again"));
    ASSAY_RETURN_IF_ERROR(copier.b().status());
    return again;
  }

 private:
  const Graph& graph_;
  const NodeId forward_;
  std::vector<bool> cheap_;     // by value: not kept
  std::vector<ValueId> again_;  // by value: its second computation
};

}  // namespace

absl::StatusOr<Recomputed> RecomputeCheap(const Graph& graph, ValueId loss,
                                          int64_t least_bytes) {
  if (loss < 0 || loss >= graph.value_count() ||
      graph.value(loss).kind != ValueKind::kResult) {
    return absl::InvalidArgumentError(
        absl::StrCat("RecomputeCheap: expected a loss that is a node's result, "
                     "got value ",
                     loss));
  }
  const NodeId forward_nodes = graph.value(loss).producer + 1;
  CheapValues values(graph, forward_nodes, least_bytes);
  return CopyBackward(graph, forward_nodes,
                      [&](GraphCopier& copier, ValueId operand) {
                        return values.Operand(copier, operand);
                      });
}

}  // namespace assay
