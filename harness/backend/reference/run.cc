#include "harness/backend/reference/run.h"

#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/op_schema.h"
#include "harness/graph/reference.h"

namespace assay {
namespace {

size_t At(ValueId id) { return static_cast<size_t>(id); }

void CopyElements(const Tensor& src, Tensor& dst) {
  if (src.bytes() == 0 || src.raw() == dst.raw()) return;
  std::memcpy(dst.raw(), src.raw(), static_cast<size_t>(src.bytes()));
}

// The last node that reads each value; outputs and updates outlive all nodes.
std::vector<NodeId> LastUses(const Graph& graph) {
  std::vector<NodeId> last(At(graph.value_count()), kNoNode);
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    for (const ValueId output : graph.node(id).outputs) last[At(output)] = id;
    for (const ValueId input : graph.node(id).inputs) {
      if (input != kNoValue) last[At(input)] = id;
    }
  }
  for (const Graph::Output& output : graph.outputs()) {
    last[At(output.value)] = graph.node_count();
  }
  for (const Graph::Update& update : graph.updates()) {
    last[At(update.value)] = graph.node_count();
  }
  return last;
}

class Run {
 public:
  Run(const Graph& graph, absl::Span<const Tensor> inputs,
      absl::Span<Tensor> parameters)
      : graph_(graph),
        last_use_(LastUses(graph)),
        values_(At(graph.value_count())),
        parameters_(values_.size()) {
    for (ValueId id = 0; id < graph.value_count(); ++id) {
      if (graph.value(id).kind == ValueKind::kConstant) {
        values_[At(id)] = graph.value(id).constant;
      }
    }
    for (size_t i = 0; i < inputs.size(); ++i) {
      values_[At(graph.inputs()[i])] = inputs[i];
    }
    for (size_t i = 0; i < parameters.size(); ++i) {
      values_[At(graph.parameters()[i])] = parameters[i];
      parameters_[At(graph.parameters()[i])] = parameters[i];
    }
  }

  absl::Status Evaluate(NodeId id) {
    const Node& node = graph_.node(id);
    std::vector<const Tensor*> operands;
    for (const ValueId input : node.inputs) {
      operands.push_back(input == kNoValue ? nullptr : &values_[At(input)]);
    }
    ASSAY_ASSIGN_OR_RETURN(std::vector<Tensor> results,
                           EvaluateNode(graph_, id, operands));
    for (size_t i = 0; i < results.size(); ++i) {
      values_[At(node.outputs[i])] = std::move(results[i]);
    }
    for (const auto* list : {&node.inputs, &node.outputs}) {
      for (const ValueId v : *list) {
        if (v != kNoValue && last_use_[At(v)] == id) values_[At(v)] = Tensor();
      }
    }
    return absl::OkStatus();
  }

  // Updated parameters may be values of other updates: copies are made before
  // any is written.
  void Store(absl::Span<Tensor> outputs) {
    std::vector<Tensor> updated;
    for (const Graph::Update& update : graph_.updates()) {
      const Tensor& value = values_[At(update.value)];
      const bool own = graph_.value(update.value).kind == ValueKind::kResult;
      updated.push_back(own ? value : value.Clone());
    }
    for (size_t i = 0; i < outputs.size(); ++i) {
      CopyElements(values_[At(graph_.outputs()[i].value)], outputs[i]);
    }
    for (size_t i = 0; i < updated.size(); ++i) {
      const ValueId parameter = graph_.updates()[i].parameter;
      CopyElements(updated[i], parameters_[At(parameter)]);
    }
  }

 private:
  const Graph& graph_;
  std::vector<NodeId> last_use_;
  std::vector<Tensor> values_;      // by value id
  std::vector<Tensor> parameters_;  // by value id
};

}  // namespace

absl::Status HasReference(const Graph& graph, NodeId node) {
  const std::string& op = graph.node(node).op;
  if (graph.ops().Find(op)->reference != nullptr) return absl::OkStatus();
  return absl::UnimplementedError(
      absl::StrCat("op '", op, "' has no reference"));
}

absl::Status RunReferences(const Graph& graph, absl::Span<const Tensor> inputs,
                           absl::Span<Tensor> parameters,
                           absl::Span<Tensor> outputs) {
  Run run(graph, inputs, parameters);
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    ASSAY_RETURN_IF_ERROR(run.Evaluate(id));
  }
  run.Store(outputs);
  return absl::OkStatus();
}

}  // namespace assay
