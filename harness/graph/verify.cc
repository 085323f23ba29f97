#include "harness/graph/verify.h"

#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"

namespace assay {
namespace {

template <typename... Parts>
absl::Status Broken(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

bool InRange(const Graph& graph, ValueId id) {
  return id >= 0 && id < graph.value_count();
}

absl::Status CheckValues(const Graph& graph) {
  for (ValueId id = 0; id < graph.value_count(); ++id) {
    const Value& value = graph.value(id);
    if (graph.FindValue(value.name) != id) {
      return Broken("value ", id, ": the name '", value.name,
                    "' leads to another value");
    }
    for (const int64_t extent : value.type.shape) {
      if (extent < 0) {
        return Broken("value '", value.name, "': negative extent in ",
                      ToString(value.type));
      }
    }
    const bool made = value.kind == ValueKind::kResult;
    if (made ? value.producer < 0 || value.producer >= graph.node_count()
             : value.producer != kNoNode) {
      return Broken("value '", value.name, "': wrong producer ",
                    value.producer);
    }
    if (value.kind == ValueKind::kConstant &&
        (value.constant.dtype() != value.type.dtype ||
         value.constant.shape() != value.type.shape)) {
      return Broken("constant '", value.name, "': expected ",
                    ToString(value.type), ", got ",
                    value.constant.TypeString());
    }
  }
  return absl::OkStatus();
}

absl::Status CheckKinds(const Graph& graph) {
  std::vector<bool> listed(static_cast<size_t>(graph.value_count()));
  const auto check = [&](const std::vector<ValueId>& ids, ValueKind kind,
                         absl::string_view list) {
    for (const ValueId id : ids) {
      if (!InRange(graph, id) || graph.value(id).kind != kind) {
        return Broken("list of ", list, ": value ", id, " is not one");
      }
      if (listed[static_cast<size_t>(id)]) {
        return Broken("list of ", list, ": '", graph.value(id).name,
                      "' stands twice");
      }
      listed[static_cast<size_t>(id)] = true;
    }
    return absl::OkStatus();
  };
  ASSAY_RETURN_IF_ERROR(check(graph.inputs(), ValueKind::kInput, "inputs"));
  ASSAY_RETURN_IF_ERROR(
      check(graph.parameters(), ValueKind::kParameter, "parameters"));
  for (ValueId id = 0; id < graph.value_count(); ++id) {
    const ValueKind kind = graph.value(id).kind;
    if ((kind == ValueKind::kInput || kind == ValueKind::kParameter) &&
        !listed[static_cast<size_t>(id)]) {
      return Broken("'", graph.value(id).name,
                    "' is missing in the list of its kind");
    }
  }
  return absl::OkStatus();
}

// Ids, order and ownership of results.
absl::Status CheckWiring(const Graph& graph) {
  std::vector<bool> made(static_cast<size_t>(graph.value_count()));
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const Node& node = graph.node(id);
    for (const ValueId input : node.inputs) {
      if (input == kNoValue) continue;
      if (!InRange(graph, input)) {
        return Broken("node ", id, " (", node.op, "): no value ", input);
      }
      if (graph.value(input).kind == ValueKind::kResult &&
          !made[static_cast<size_t>(input)]) {
        return Broken("node ", id, " (", node.op, ") reads '",
                      graph.value(input).name, "' before it is made");
      }
    }
    if (node.outputs.empty()) {
      return Broken("node ", id, " (", node.op, ") has no result");
    }
    for (const ValueId output : node.outputs) {
      if (!InRange(graph, output) || graph.value(output).producer != id ||
          made[static_cast<size_t>(output)]) {
        return Broken("node ", id, " (", node.op, "): value ", output,
                      " is not its result");
      }
      made[static_cast<size_t>(output)] = true;
    }
  }
  for (ValueId id = 0; id < graph.value_count(); ++id) {
    if (graph.value(id).kind == ValueKind::kResult &&
        !made[static_cast<size_t>(id)]) {
      return Broken("'", graph.value(id).name, "' is made by no node");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckEnds(const Graph& graph) {
  absl::flat_hash_set<absl::string_view> names;
  for (const Graph::Output& output : graph.outputs()) {
    if (!InRange(graph, output.value)) {
      return Broken("output '", output.name, "': no value ", output.value);
    }
    if (!names.insert(output.name).second) {
      return Broken("output '", output.name, "' stands twice");
    }
  }
  absl::flat_hash_set<ValueId> updated;
  for (const Graph::Update& update : graph.updates()) {
    if (!InRange(graph, update.parameter) || !InRange(graph, update.value) ||
        graph.value(update.parameter).kind != ValueKind::kParameter) {
      return Broken("update of value ", update.parameter, " by ", update.value);
    }
    const Value& parameter = graph.value(update.parameter);
    if (!(parameter.type == graph.type(update.value))) {
      return Broken("update of '", parameter.name, "': expected ",
                    ToString(parameter.type), ", got ",
                    ToString(graph.type(update.value)));
    }
    if (!updated.insert(update.parameter).second) {
      return Broken("'", parameter.name, "' is updated twice");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckTypes(const Graph& graph) {
  Graph inferred = graph;
  ASSAY_RETURN_IF_ERROR(inferred.InferTypes());
  for (ValueId id = 0; id < graph.value_count(); ++id) {
    if (!(graph.type(id) == inferred.type(id))) {
      return Broken("'", graph.value(id).name, "': expected ",
                    ToString(inferred.type(id)), " by inference, got ",
                    ToString(graph.type(id)));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Verify(const Graph& graph) {
  ASSAY_RETURN_IF_ERROR(CheckValues(graph));
  ASSAY_RETURN_IF_ERROR(CheckKinds(graph));
  ASSAY_RETURN_IF_ERROR(CheckWiring(graph));
  ASSAY_RETURN_IF_ERROR(CheckTypes(graph));
  return CheckEnds(graph);
}

}  // namespace assay
