#include "harness/graph/reference.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/op_schema.h"

namespace assay {
namespace {

absl::Status CheckType(const Value& value, const Tensor& tensor) {
  if (tensor.dtype() == value.type.dtype &&
      tensor.shape() == value.type.shape) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("'", value.name, "': expected ", ToString(value.type),
                   ", got ", tensor.TypeString()));
}

// Inputs, parameters and constants; results stay empty.
absl::StatusOr<std::vector<Tensor>> Leaves(
    const Graph& graph, const std::map<std::string, Tensor>& inputs,
    const ParameterStore& parameters) {
  std::vector<Tensor> values(static_cast<size_t>(graph.value_count()));
  for (ValueId id = 0; id < graph.value_count(); ++id) {
    const Value& value = graph.value(id);
    Tensor& tensor = values[static_cast<size_t>(id)];
    if (value.kind == ValueKind::kResult) continue;
    if (value.kind == ValueKind::kConstant) {
      tensor = value.constant;
    } else if (value.kind == ValueKind::kParameter) {
      ASSAY_ASSIGN_OR_RETURN(tensor, parameters.Get(value.name));
    } else {
      const auto it = inputs.find(value.name);
      if (it == inputs.end()) {
        return absl::InvalidArgumentError(
            absl::StrCat("input '", value.name, "' was not given"));
      }
      tensor = it->second;
    }
    ASSAY_RETURN_IF_ERROR(CheckType(value, tensor));
  }
  return values;
}

// By value: how many operands, outputs and updates it is.
std::vector<int64_t> UseCounts(const Graph& graph) {
  std::vector<int64_t> uses(static_cast<size_t>(graph.value_count()));
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    for (const ValueId input : graph.node(id).inputs) {
      if (input != kNoValue) ++uses[static_cast<size_t>(input)];
    }
  }
  for (const Graph::Output& output : graph.outputs()) {
    ++uses[static_cast<size_t>(output.value)];
  }
  for (const Graph::Update& update : graph.updates()) {
    ++uses[static_cast<size_t>(update.value)];
  }
  return uses;
}

}  // namespace

absl::StatusOr<std::vector<Tensor>> EvaluateNode(
    const Graph& graph, NodeId id, absl::Span<const Tensor* const> operands) {
  const Node& node = graph.node(id);
  const OpSchema* schema = graph.ops().Find(node.op);
  if (schema->reference == nullptr) {
    return absl::UnimplementedError(
        absl::StrCat("op '", node.op, "' has no reference"));
  }
  std::vector<Tensor> widened(operands.size());
  ReferenceContext context{node.attributes, {}, {}};
  for (size_t i = 0; i < operands.size(); ++i) {
    const Tensor* operand = operands[i];
    if (operand != nullptr && operand->dtype() == DType::kBF16) {
      widened[i] = operand->Cast(DType::kF32);
      operand = &widened[i];
    }
    context.inputs.push_back(operand);
  }
  std::vector<Tensor> results;
  for (const ValueId output : node.outputs) {
    const TensorType& type = graph.type(output);
    results.emplace_back(type.dtype == DType::kBF16 ? DType::kF32 : type.dtype,
                         type.shape);
  }
  for (Tensor& result : results) context.outputs.push_back(&result);
  const absl::Status status = schema->reference(context);
  if (!status.ok()) {
    return absl::Status(
        status.code(), absl::StrCat("node '", graph.value(node.outputs[0]).name,
                                    "' (", node.op, "): ", status.message()));
  }
  for (size_t i = 0; i < results.size(); ++i) {
    if (graph.type(node.outputs[i]).dtype == DType::kBF16) {
      results[i] = results[i].Cast(DType::kBF16);
    }
  }
  return results;
}

absl::StatusOr<Evaluation> Evaluate(const Graph& graph,
                                    const std::map<std::string, Tensor>& inputs,
                                    const ParameterStore& parameters) {
  ASSAY_ASSIGN_OR_RETURN(std::vector<Tensor> values,
                         Leaves(graph, inputs, parameters));
  std::vector<int64_t> uses = UseCounts(graph);
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const Node& node = graph.node(id);
    std::vector<const Tensor*> operands;
    for (const ValueId input : node.inputs) {
      operands.push_back(
          input == kNoValue ? nullptr : &values[static_cast<size_t>(input)]);
    }
    ASSAY_ASSIGN_OR_RETURN(std::vector<Tensor> results,
                           EvaluateNode(graph, id, operands));
    for (size_t i = 0; i < results.size(); ++i) {
      const size_t output = static_cast<size_t>(node.outputs[i]);
      if (uses[output] > 0) values[output] = std::move(results[i]);
    }
    for (const ValueId input : node.inputs) {
      if (input == kNoValue) continue;
      const size_t at = static_cast<size_t>(input);
      if (--uses[at] == 0) values[at] = Tensor();
    }
  }
  Evaluation evaluation;
  for (const Graph::Output& output : graph.outputs()) {
    evaluation.outputs[output.name] = values[static_cast<size_t>(output.value)];
  }
  for (const Graph::Update& update : graph.updates()) {
    evaluation.updates.Set(graph.value(update.parameter).name,
                           values[static_cast<size_t>(update.value)]);
  }
  return evaluation;
}

}  // namespace assay
