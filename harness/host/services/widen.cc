#include "harness/host/services/widen.h"

#include <utility>
#include <vector>

#include "harness/core/status_macros.h"
#include "harness/graph/copier.h"

namespace assay {
namespace {

TensorType Wide(TensorType type) {
  if (type.dtype == DType::kF32) type.dtype = DType::kF64;
  return type;
}

absl::StatusOr<bool> WidenLeaf(GraphCopier& copier, Graph* to, ValueId id) {
  const Value& v = copier.from().value(id);
  if (v.type.dtype != DType::kF32) return false;
  ValueId made = kNoValue;
  switch (v.kind) {
    case ValueKind::kInput: {
      ASSAY_ASSIGN_OR_RETURN(made, to->AddInput(v.name, Wide(v.type)));
      break;
    }
    case ValueKind::kParameter: {
      ASSAY_ASSIGN_OR_RETURN(made, to->AddParameter(v.name, Wide(v.type)));
      break;
    }
    default:
      made = to->AddConstant(Widen(v.constant), v.name);
  }
  copier.Set(id, made);
  return true;
}

absl::Status WidenNode(GraphCopier& copier, Graph* to, NodeId id) {
  const Node& node = copier.from().node(id);
  Attributes attributes = node.attributes;
  if (attributes.Has("dtype") && attributes.Text("dtype", "") == "f32") {
    attributes.Set("dtype", std::string("f64"));
  }
  ASSAY_ASSIGN_OR_RETURN(
      const NodeId made,
      to->AddNode(node.op, copier.Map(node.inputs), std::move(attributes),
                  copier.from().value(node.outputs[0]).name));
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    ValueId result = to->node(made).outputs[i];
    // An op whose result is f32 whatever it reads: random draws.
    if (copier.from().type(node.outputs[i]).dtype == DType::kF32 &&
        to->type(result).dtype == DType::kF32) {
      Attributes cast;
      cast.Set("dtype", std::string("f64"));
      ASSAY_ASSIGN_OR_RETURN(const NodeId widened,
                             to->AddNode("cast", {result}, cast));
      result = to->node(widened).outputs[0];
    }
    copier.Set(node.outputs[i], result);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Graph> WidenToF64(const Graph& graph) {
  Graph to(graph.ops());
  to.set_name(graph.name());
  GraphCopier copier(graph, &to);
  NodeId next = 0;
  for (ValueId v = 0; v < graph.value_count(); ++v) {
    if (graph.value(v).kind != ValueKind::kResult) {
      ASSAY_ASSIGN_OR_RETURN(const bool done, WidenLeaf(copier, &to, v));
      if (!done) ASSAY_RETURN_IF_ERROR(copier.CopyLeaf(v));
    } else if (graph.value(v).producer == next) {
      ASSAY_RETURN_IF_ERROR(WidenNode(copier, &to, next++));
    }
  }
  ASSAY_RETURN_IF_ERROR(copier.CopyEnds());
  return to;
}

Tensor Widen(const Tensor& tensor) {
  return tensor.dtype() == DType::kF32 ? tensor.Cast(DType::kF64) : tensor;
}

}  // namespace assay
