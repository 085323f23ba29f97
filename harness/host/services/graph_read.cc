#include "harness/host/services/graph_read.h"

#include <algorithm>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/cost.h"
#include "harness/graph/roles.h"
#include "harness/graph/text.h"
#include "harness/host/services/graph_access.h"

namespace assay::graph_service {
namespace {

absl::Status OutOfRange(const char* what, int64_t index, int64_t count) {
  return absl::OutOfRangeError(absl::StrCat("graph.", what, ": there are ",
                                            count, ", asked for ", index));
}

// Axis 0 of the first input with one; 1 without.
int64_t BatchOf(const Graph& graph) {
  for (ValueId id : graph.inputs()) {
    if (!graph.shape(id).empty())
      return std::max<int64_t>(1, graph.shape(id)[0]);
  }
  return 1;
}

// Facts about all parameters at once, kept until the graph changes.
const assay_graph::Derived& Derive(assay_graph* g) {
  if (g->derived != nullptr) return *g->derived;
  const Graph& graph = g->graph;
  const size_t count = graph.parameters().size();
  std::vector<size_t> position(static_cast<size_t>(graph.value_count()), count);
  for (size_t i = 0; i < count; ++i) {
    position[static_cast<size_t>(graph.parameters()[i])] = i;
  }
  auto derived = std::make_unique<assay_graph::Derived>();
  derived->roles = ParameterRoles(graph);
  derived->layers.assign(count, -1);
  derived->macs.assign(count, 0);
  derived->uses.assign(count, 0);
  derived->trainable.assign(count, false);
  for (ValueId id : TrainableParameters(graph)) {
    derived->trainable[position[static_cast<size_t>(id)]] = true;
  }
  int layer = 0;
  for (const Layer& l : Layers(graph)) {
    const size_t i = position[static_cast<size_t>(l.weights)];
    if (i == count) continue;  // weights of a constant
    if (derived->layers[i] < 0) derived->layers[i] = layer++;
    derived->macs[i] += MacsOf(graph, l.node) / BatchOf(graph);
  }
  for (NodeId n = 0; n < graph.node_count(); ++n) {
    std::vector<ValueId> seen;
    for (ValueId v : graph.node(n).inputs) {
      if (v < 0 || position[static_cast<size_t>(v)] == count) continue;
      if (std::find(seen.begin(), seen.end(), v) != seen.end()) continue;
      seen.push_back(v);
      ++derived->uses[position[static_cast<size_t>(v)]];
    }
  }
  g->derived = std::move(derived);
  return *g->derived;
}

int32_t FromRole(Role role) {
  switch (role) {
    case Role::kConv:
      return ASSAY_ROLE_CONV;
    case Role::kDepthwiseConv:
      return ASSAY_ROLE_DEPTHWISE_CONV;
    case Role::kLinear:
      return ASSAY_ROLE_LINEAR;
    case Role::kEmbedding:
      return ASSAY_ROLE_EMBEDDING;
    case Role::kNormScale:
      return ASSAY_ROLE_NORM_SCALE;
    case Role::kNormShift:
      return ASSAY_ROLE_NORM_SHIFT;
    case Role::kBias:
      return ASSAY_ROLE_BIAS;
    case Role::kStatistic:
      return ASSAY_ROLE_STATISTIC;
    case Role::kOther:
      return ASSAY_ROLE_OTHER;
  }
  return ASSAY_ROLE_OTHER;
}

int32_t FromKind(ValueKind kind) {
  switch (kind) {
    case ValueKind::kInput:
      return ASSAY_INPUT;
    case ValueKind::kParameter:
      return ASSAY_PARAMETER;
    case ValueKind::kConstant:
      return ASSAY_CONSTANT;
    case ValueKind::kResult:
      return ASSAY_RESULT;
  }
  return ASSAY_RESULT;
}

// The tensor of a constant, lent with the graph.
const assay_tensor* LendConstant(assay_host* host, assay_graph* g, ValueId id) {
  const auto it = g->constants.find(id);
  if (it != g->constants.end()) return it->second;
  auto tensor = std::make_unique<assay_tensor>(g->graph.value(id).constant);
  tensor->lent = true;
  tensor->writable = false;
  return g->constants[id] = host->handles().Add(std::move(tensor));
}

}  // namespace

const assay_graph* Reference(assay_host* host) {
  return host->reference_graph();
}

assay_status* ToText(assay_host* host, const assay_graph* graph,
                     assay_text_sink sink) {
  return Serve(host, "graph.to_text", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    const std::string text = assay::ToText(g->graph);
    sink.take(sink.context, Lend(text));
    return absl::OkStatus();
  });
}

void Info(assay_host* host, const assay_graph* graph, assay_graph_info* out) {
  assay_graph_info info{};
  const auto g = ReadableGraph(host, graph);
  if (g.ok()) {
    const Graph& n = (*g)->graph;
    info.value_count = static_cast<uint32_t>(n.value_count());
    info.node_count = static_cast<uint32_t>(n.node_count());
    info.input_count = static_cast<uint32_t>(n.inputs().size());
    info.parameter_count = static_cast<uint32_t>(n.parameters().size());
    info.output_count = static_cast<uint32_t>(n.outputs().size());
    info.batch = BatchOf(n);
  } else {
    host->sink().Misbehaviour(
        absl::StrCat("graph.info: ", g.status().message()));
  }
  Fill(info, out);
}

assay_status* Value(assay_host* host, const assay_graph* graph, int32_t value,
                    assay_value_info* out) {
  return Serve(host, "graph.value", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    if (value < 0 || value >= g->graph.value_count()) {
      return OutOfRange("value", value, g->graph.value_count());
    }
    const assay::Value& v = g->graph.value(value);
    assay_value_info info{};
    info.kind = FromKind(v.kind);
    info.dtype = FromDType(v.type.dtype);
    info.rank = static_cast<uint32_t>(v.type.shape.size());
    info.shape = v.type.shape.data();
    info.name = Lend(v.name);
    info.producer = v.producer;
    if (v.kind == ValueKind::kConstant) {
      info.constant = LendConstant(host, g, value);
    }
    Fill(info, out);
    return absl::OkStatus();
  });
}

assay_status* Node(assay_host* host, const assay_graph* graph, int32_t node,
                   assay_node_info* out) {
  return Serve(host, "graph.node", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    if (node < 0 || node >= g->graph.node_count()) {
      return OutOfRange("node", node, g->graph.node_count());
    }
    const assay::Node& n = g->graph.node(node);
    assay_node_info info{};
    info.op = Lend(n.op);
    info.inputs = n.inputs.data();
    info.input_count = static_cast<uint32_t>(n.inputs.size());
    info.outputs = n.outputs.data();
    info.output_count = static_cast<uint32_t>(n.outputs.size());
    info.attribute_count = static_cast<uint32_t>(n.attributes.values().size());
    info.macs = MacsOf(g->graph, node) / BatchOf(g->graph);
    Fill(info, out);
    return absl::OkStatus();
  });
}

assay_status* Attribute(assay_host* host, const assay_graph* graph,
                        int32_t node, uint32_t index, assay_attribute* out) {
  return Serve(host, "graph.attribute", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    if (node < 0 || node >= g->graph.node_count()) {
      return OutOfRange("node", node, g->graph.node_count());
    }
    const auto& values = g->graph.node(node).attributes.values();
    if (index >= values.size()) {
      return OutOfRange("attribute", index,
                        static_cast<int64_t>(values.size()));
    }
    const auto& [name, value] = *std::next(values.begin(), index);
    assay_attribute a{};
    a.name = Lend(name);
    a.type = static_cast<int32_t>(value.index());
    if (const auto* i = std::get_if<int64_t>(&value)) a.integer = *i;
    if (const auto* r = std::get_if<double>(&value)) a.real = *r;
    if (const auto* t = std::get_if<std::string>(&value)) a.text = Lend(*t);
    if (const auto* is = std::get_if<std::vector<int64_t>>(&value)) {
      a.integers = is->data();
      a.count = is->size();
    }
    if (const auto* rs = std::get_if<std::vector<double>>(&value)) {
      a.reals = rs->data();
      a.count = rs->size();
    }
    Fill(a, out);
    return absl::OkStatus();
  });
}

assay_status* Parameter(assay_host* host, const assay_graph* graph,
                        uint32_t index, assay_parameter_info* out) {
  return Serve(host, "graph.parameter", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    const std::vector<ValueId>& parameters = g->graph.parameters();
    if (index >= parameters.size()) {
      return OutOfRange("parameter", index,
                        static_cast<int64_t>(parameters.size()));
    }
    const assay_graph::Derived& derived = Derive(g);
    const assay::Value& v = g->graph.value(parameters[index]);
    assay_parameter_info info{};
    info.value = parameters[index];
    info.role = FromRole(derived.roles[index]);
    info.layer = derived.layers[index];
    info.name = Lend(v.name);
    info.shape = v.type.shape.data();
    info.rank = static_cast<uint32_t>(v.type.shape.size());
    info.dtype = FromDType(v.type.dtype);
    info.elements = ElementCount(v.type.shape);
    info.macs = derived.macs[index];
    info.uses = static_cast<uint32_t>(derived.uses[index]);
    info.trainable = derived.trainable[index] ? 1 : 0;
    Fill(info, out);
    return absl::OkStatus();
  });
}

assay_status* Input(assay_host* host, const assay_graph* graph, uint32_t index,
                    int32_t* value) {
  return Serve(host, "graph.input", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    const std::vector<ValueId>& inputs = g->graph.inputs();
    if (index >= inputs.size()) {
      return OutOfRange("input", index, static_cast<int64_t>(inputs.size()));
    }
    *value = inputs[index];
    return absl::OkStatus();
  });
}

assay_status* Output(assay_host* host, const assay_graph* graph, uint32_t index,
                     assay_text* name, int32_t* value) {
  return Serve(host, "graph.output", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    const auto& outputs = g->graph.outputs();
    if (index >= outputs.size()) {
      return OutOfRange("output", index, static_cast<int64_t>(outputs.size()));
    }
    *name = Lend(outputs[index].name);
    *value = outputs[index].value;
    return absl::OkStatus();
  });
}

int32_t FindValue(assay_host* host, const assay_graph* graph, assay_text name) {
  const auto g = ReadableGraph(host, graph);
  return g.ok() ? (*g)->graph.FindValue(View(name)) : ASSAY_NO_VALUE;
}

int32_t FindOutput(assay_host* host, const assay_graph* graph,
                   assay_text name) {
  const auto g = ReadableGraph(host, graph);
  return g.ok() ? (*g)->graph.FindOutput(View(name)) : ASSAY_NO_VALUE;
}

uint32_t Consumers(assay_host* host, const assay_graph* graph, int32_t value,
                   int32_t* nodes, uint32_t room) {
  const auto g = ReadableGraph(host, graph);
  if (!g.ok()) return 0;
  const std::vector<NodeId> readers = (*g)->graph.Consumers(value);
  std::copy_n(readers.begin(), std::min<size_t>(room, readers.size()), nodes);
  return static_cast<uint32_t>(readers.size());
}

}  // namespace assay::graph_service
