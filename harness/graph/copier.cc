#include "harness/graph/copier.h"

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"

namespace assay {

GraphCopier::GraphCopier(const Graph& from, Graph* to)
    : from_(from),
      to_(to),
      builder_(to),
      map_(static_cast<size_t>(from.value_count()), kNoValue) {}

ValueId GraphCopier::Map(ValueId from) const {
  return from == kNoValue ? kNoValue : map_[static_cast<size_t>(from)];
}

std::vector<ValueId> GraphCopier::Map(const std::vector<ValueId>& from) const {
  std::vector<ValueId> to;
  to.reserve(from.size());
  for (const ValueId id : from) to.push_back(Map(id));
  return to;
}

void GraphCopier::Set(ValueId from, ValueId to) {
  map_[static_cast<size_t>(from)] = to;
}

absl::Status GraphCopier::CopyLeaf(ValueId from) {
  const Value& value = from_.value(from);
  ValueId copy = kNoValue;
  if (value.kind == ValueKind::kConstant) {
    copy = to_->AddConstant(value.constant, value.name);
  } else if (value.kind == ValueKind::kInput) {
    ASSAY_ASSIGN_OR_RETURN(copy, to_->AddInput(value.name, value.type));
  } else {
    ASSAY_ASSIGN_OR_RETURN(copy, to_->AddParameter(value.name, value.type));
  }
  Set(from, copy);
  return absl::OkStatus();
}

absl::Status GraphCopier::CopyNode(NodeId from) {
  const Node& node = from_.node(from);
  ASSAY_ASSIGN_OR_RETURN(
      const NodeId copy,
      to_->AddNode(node.op, Map(node.inputs), node.attributes,
                   from_.value(node.outputs[0]).name));
  const std::vector<ValueId>& results = to_->node(copy).outputs;
  if (results.size() != node.outputs.size()) {
    return absl::InternalError(absl::StrCat(
        "copy of '", from_.value(node.outputs[0]).name, "': expected ",
        node.outputs.size(), " results, got ", results.size()));
  }
  for (size_t i = 0; i < results.size(); ++i) Set(node.outputs[i], results[i]);
  return absl::OkStatus();
}

absl::Status GraphCopier::CopyEnds() {
  for (const Graph::Output& output : from_.outputs()) {
    if (Map(output.value) == kNoValue) {
      return absl::InternalError(
          absl::StrCat("output '", output.name, "' has no value in the copy"));
    }
    ASSAY_RETURN_IF_ERROR(to_->AddOutput(output.name, Map(output.value)));
  }
  for (const Graph::Update& update : from_.updates()) {
    const ValueId parameter =
        to_->FindValue(from_.value(update.parameter).name);
    if (parameter == kNoValue ||
        to_->value(parameter).kind != ValueKind::kParameter) {
      continue;
    }
    ASSAY_RETURN_IF_ERROR(to_->AddUpdate(parameter, Map(update.value)));
  }
  return absl::OkStatus();
}

absl::StatusOr<Graph> CopyGraph(const Graph& graph, const CopyHooks& hooks) {
  Graph copy(graph.ops());
  copy.set_name(graph.name());
  GraphCopier copier(graph, &copy);
  for (ValueId id = 0; id < graph.value_count(); ++id) {
    const Value& value = graph.value(id);
    if (value.kind != ValueKind::kResult) {
      bool handled = false;
      if (hooks.leaf) {
        ASSAY_ASSIGN_OR_RETURN(handled, hooks.leaf(copier, id));
      }
      if (!handled) ASSAY_RETURN_IF_ERROR(copier.CopyLeaf(id));
    } else if (graph.node(value.producer).outputs[0] == id) {
      bool handled = false;
      if (hooks.node) {
        ASSAY_ASSIGN_OR_RETURN(handled, hooks.node(copier, value.producer));
      }
      if (!handled) ASSAY_RETURN_IF_ERROR(copier.CopyNode(value.producer));
    }
    ASSAY_RETURN_IF_ERROR(copier.b().status());
  }
  if (hooks.finish) ASSAY_RETURN_IF_ERROR(hooks.finish(copier));
  ASSAY_RETURN_IF_ERROR(copier.b().status());
  ASSAY_RETURN_IF_ERROR(copier.CopyEnds());
  return copy;
}

std::vector<std::vector<NodeId>> ConsumerIndex(const Graph& graph) {
  std::vector<std::vector<NodeId>> readers(
      static_cast<size_t>(graph.value_count()));
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    for (const ValueId input : graph.node(id).inputs) {
      if (input == kNoValue) continue;
      std::vector<NodeId>& list = readers[static_cast<size_t>(input)];
      if (list.empty() || list.back() != id) list.push_back(id);
    }
  }
  return readers;
}

}  // namespace assay
