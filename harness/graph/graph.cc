#include "harness/graph/graph.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "harness/core/status_macros.h"
#include "harness/graph/op_schema.h"

namespace assay {
namespace {

std::string NodeLabel(const Node& node, absl::string_view name) {
  return absl::StrCat("node '", name, "' (", node.op, ")");
}

// "operand 1 (weights)", by the schema's list of names.
std::string OperandLabel(const OpSchema& schema, size_t i) {
  const std::vector<absl::string_view> names = absl::StrSplit(
      schema.operands, absl::ByAnyChar(" []"), absl::SkipEmpty());
  if (names.empty()) return absl::StrCat("operand ", i);
  return absl::StrCat("operand ", i, " (", names[std::min(i, names.size() - 1)],
                      ")");
}

absl::Status CheckAttributes(const OpSchema& schema, const Node& node,
                             absl::string_view name) {
  for (const auto& [key, value] : node.attributes.values()) {
    const auto it = schema.attributes.find(key);
    if (it == schema.attributes.end()) {
      return absl::InvalidArgumentError(absl::StrCat(
          NodeLabel(node, name), ": unknown attribute '", key, "'; known: ",
          absl::StrJoin(schema.attributes, " ",
                        [](std::string* out, const auto& item) {
                          absl::StrAppend(out, item.first);
                        })));
    }
    if (it->second != TypeName(value)) {
      return absl::InvalidArgumentError(
          absl::StrCat(NodeLabel(node, name), ": attribute '", key,
                       "': expected ", it->second, ", got ", TypeName(value),
                       " ", AttributeToString(value)));
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string ToString(const TensorType& type) {
  return absl::StrCat(Name(type.dtype), ToString(type.shape));
}

ValueId Graph::NewValue(ValueKind kind, TensorType type, std::string name) {
  const ValueId id = value_count();
  Value& value = values_.emplace_back();
  value.kind = kind;
  value.type = std::move(type);
  value.name = std::move(name);
  by_name_[value.name] = id;
  return id;
}

std::string Graph::UniqueName(std::string name) {
  if (!by_name_.contains(name)) return name;
  int64_t& next = next_suffix_.try_emplace(name, 2).first->second;
  std::string candidate;
  do {
    candidate = absl::StrCat(name, "_", next++);
  } while (by_name_.contains(candidate));
  return candidate;
}

absl::StatusOr<ValueId> Graph::AddInput(std::string name, TensorType type) {
  const ValueId taken = FindValue(name);
  if (taken != kNoValue) {
    return absl::InvalidArgumentError(
        absl::StrCat("input '", name, "': the name is taken by a ",
                     ToString(value(taken).type), " value"));
  }
  const ValueId id =
      NewValue(ValueKind::kInput, std::move(type), std::move(name));
  inputs_.push_back(id);
  return id;
}

absl::StatusOr<ValueId> Graph::AddParameter(std::string name, TensorType type) {
  const ValueId taken = FindValue(name);
  if (taken != kNoValue) {
    const Value& other = value(taken);
    if (other.kind == ValueKind::kParameter && other.type == type) return taken;
    return absl::InvalidArgumentError(absl::StrCat(
        "parameter '", name,
        "': expected a free name or the same parameter of ", ToString(type),
        ", got ",
        other.kind == ValueKind::kParameter ? "a parameter" : "another value",
        " of ", ToString(other.type)));
  }
  const ValueId id =
      NewValue(ValueKind::kParameter, std::move(type), std::move(name));
  parameters_.push_back(id);
  return id;
}

ValueId Graph::AddConstant(Tensor value, std::string name) {
  const ValueId id =
      NewValue(ValueKind::kConstant, TensorType{value.dtype(), value.shape()},
               UniqueName(std::move(name)));
  values_.back().constant = std::move(value);
  return id;
}

absl::Status Graph::CheckNode(const Node& node, absl::string_view name) const {
  const OpSchema* schema = ops_->Find(node.op);
  if (schema == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("node '", name, "': unknown op '", node.op, "'"));
  }
  const size_t count = node.inputs.size();
  const bool open = schema->max_inputs < 0;
  if (count < static_cast<size_t>(schema->min_inputs) ||
      (!open && count > static_cast<size_t>(schema->max_inputs))) {
    return absl::InvalidArgumentError(absl::StrCat(
        NodeLabel(node, name), ": expected ", schema->min_inputs,
        open ? " or more" : absl::StrCat(" to ", schema->max_inputs),
        " operands (", schema->operands, "), got ", count));
  }
  for (size_t i = 0; i < count; ++i) {
    const ValueId id = node.inputs[i];
    const bool optional = i >= static_cast<size_t>(schema->min_inputs);
    if ((id == kNoValue && optional) || (id >= 0 && id < value_count())) {
      continue;
    }
    return absl::InvalidArgumentError(absl::StrCat(
        NodeLabel(node, name), ": ", OperandLabel(*schema, i),
        id == kNoValue ? " is missing" : absl::StrCat(": no value ", id)));
  }
  return CheckAttributes(*schema, node, name);
}

absl::Status Graph::Infer(const Node& node, absl::string_view name,
                          std::vector<TensorType>* types) const {
  const OpSchema* schema = ops_->Find(node.op);
  InferContext context{node.attributes, {}, types};
  context.inputs.reserve(node.inputs.size());
  for (const ValueId id : node.inputs) {
    context.inputs.push_back(id == kNoValue ? nullptr : &type(id));
  }
  const absl::Status status = schema->infer(context);
  if (status.ok()) return status;
  std::vector<std::string> got;
  for (const TensorType* type : context.inputs) {
    got.push_back(type == nullptr ? "absent" : ToString(*type));
  }
  return absl::Status(
      status.code(), absl::StrCat(NodeLabel(node, name), ": ", status.message(),
                                  " [operands ", absl::StrJoin(got, " "), "; ",
                                  node.attributes.ToString(), "]"));
}

absl::StatusOr<NodeId> Graph::AddNode(std::string op,
                                      std::vector<ValueId> inputs,
                                      Attributes attributes, std::string name) {
  if (name.empty()) name = op;
  Node node{std::move(op), std::move(inputs), {}, std::move(attributes)};
  ASSAY_RETURN_IF_ERROR(CheckNode(node, name));
  std::vector<TensorType> types;
  ASSAY_RETURN_IF_ERROR(Infer(node, name, &types));
  if (types.empty()) {
    return absl::InternalError(
        absl::StrCat(NodeLabel(node, name), ": inference gave no result type"));
  }
  const NodeId id = node_count();
  const std::string base = UniqueName(std::move(name));
  for (size_t i = 0; i < types.size(); ++i) {
    const ValueId result =
        NewValue(ValueKind::kResult, std::move(types[i]),
                 i == 0 ? base : UniqueName(absl::StrCat(base, ".", i)));
    values_.back().producer = id;
    node.outputs.push_back(result);
  }
  nodes_.push_back(std::move(node));
  return id;
}

absl::Status Graph::AddOutput(std::string name, ValueId value) {
  if (value < 0 || value >= value_count()) {
    return absl::InvalidArgumentError(
        absl::StrCat("output '", name, "': no value ", value));
  }
  if (!outputs_by_name_.try_emplace(name, value).second) {
    return absl::InvalidArgumentError(
        absl::StrCat("output '", name, "' exists already"));
  }
  outputs_.push_back({std::move(name), value});
  return absl::OkStatus();
}

absl::Status Graph::AddUpdate(ValueId parameter, ValueId value) {
  for (const ValueId id : {parameter, value}) {
    if (id >= 0 && id < value_count()) continue;
    return absl::InvalidArgumentError(absl::StrCat("update: no value ", id));
  }
  const Value& target = this->value(parameter);
  if (target.kind != ValueKind::kParameter) {
    return absl::InvalidArgumentError(
        absl::StrCat("update of '", target.name, "': not a parameter"));
  }
  if (!(target.type == type(value))) {
    return absl::InvalidArgumentError(
        absl::StrCat("update of parameter '", target.name, "': expected ",
                     ToString(target.type), ", got '", this->value(value).name,
                     "' of ", ToString(type(value))));
  }
  if (!updated_.insert(parameter).second) {
    return absl::InvalidArgumentError(
        absl::StrCat("parameter '", target.name, "' is updated twice"));
  }
  updates_.push_back({parameter, value});
  return absl::OkStatus();
}

ValueId Graph::FindValue(absl::string_view name) const {
  const auto it = by_name_.find(name);
  return it == by_name_.end() ? kNoValue : it->second;
}

ValueId Graph::FindOutput(absl::string_view name) const {
  const auto it = outputs_by_name_.find(name);
  return it == outputs_by_name_.end() ? kNoValue : it->second;
}

void Graph::ClearOutputs() {
  outputs_.clear();
  outputs_by_name_.clear();
}

void Graph::ClearUpdates() {
  updates_.clear();
  updated_.clear();
}

std::vector<NodeId> Graph::Consumers(ValueId id) const {
  std::vector<NodeId> consumers;
  for (NodeId n = 0; n < node_count(); ++n) {
    const std::vector<ValueId>& inputs = node(n).inputs;
    if (std::find(inputs.begin(), inputs.end(), id) != inputs.end()) {
      consumers.push_back(n);
    }
  }
  return consumers;
}

absl::Status Graph::InferTypes() {
  std::vector<TensorType> types;
  for (Node& node : nodes_) {
    const std::string& name = value(node.outputs[0]).name;
    ASSAY_RETURN_IF_ERROR(CheckNode(node, name));
    types.clear();
    ASSAY_RETURN_IF_ERROR(Infer(node, name, &types));
    if (types.size() != node.outputs.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat(NodeLabel(node, name), ": expected ",
                       node.outputs.size(), " results, got ", types.size()));
    }
    for (size_t i = 0; i < types.size(); ++i) {
      mutable_value(node.outputs[i])->type = std::move(types[i]);
    }
  }
  return absl::OkStatus();
}

}  // namespace assay
