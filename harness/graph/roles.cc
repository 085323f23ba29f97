#include "harness/graph/roles.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "harness/graph/op_schema.h"

namespace assay {
namespace {

// The role of an operand by op and position.
struct Use {
  absl::string_view op;
  size_t operand;
  Role role;
};
constexpr Use kUses[] = {
    {"conv2d", 1, Role::kConv},
    {"conv2d", 2, Role::kBias},
    {"conv_transpose2d", 1, Role::kConv},
    {"conv_transpose2d", 2, Role::kBias},
    {"conv2d_fused", 1, Role::kConv},
    {"conv2d_fused", 2, Role::kBias},
    {"linear", 1, Role::kLinear},
    {"linear", 2, Role::kBias},
    {"linear_fused", 1, Role::kLinear},
    {"linear_fused", 2, Role::kBias},
    {"linear_u4", 1, Role::kLinear},
    {"linear_u4", 4, Role::kBias},
    {"matmul", 0, Role::kLinear},
    {"matmul", 1, Role::kLinear},
    {"gather", 0, Role::kEmbedding},
    {"batch_norm", 1, Role::kNormScale},
    {"batch_norm", 2, Role::kNormShift},
    {"batch_norm", 3, Role::kStatistic},
    {"batch_norm", 4, Role::kStatistic},
    {"batch_norm_training", 1, Role::kNormScale},
    {"batch_norm_training", 2, Role::kNormShift},
    {"layer_norm", 1, Role::kNormScale},
    {"layer_norm", 2, Role::kNormShift},
    {"rms_norm", 1, Role::kNormScale},
};

// Each output channel of a depthwise convolution reads one input channel.
bool IsDepthwise(const Graph& graph, const Node& node) {
  const Shape& weights = graph.shape(node.inputs[1]);
  const int64_t groups = node.attributes.Int("groups", 1);
  if (groups == 1 || weights.size() < 2) return false;
  return (node.op == "conv_transpose2d" ? weights[0] / groups : weights[1]) ==
         1;
}

Role RoleInNode(const Graph& graph, const Node& node, size_t operand) {
  for (const Use& use : kUses) {
    if (use.op != node.op || use.operand != operand) continue;
    return use.role == Role::kConv && IsDepthwise(graph, node)
               ? Role::kDepthwiseConv
               : use.role;
  }
  const bool vector = graph.shape(node.inputs[operand]).size() == 1;
  return node.op == "add" && vector ? Role::kBias : Role::kOther;
}

bool IsStatisticName(absl::string_view name) {
  return absl::EndsWith(name, ".mean") || absl::EndsWith(name, ".variance");
}

// By value: the parameter that it is made of, kNoValue for activations and
// constants. A result is made of parameters when no operand is an activation.
class Origins {
 public:
  explicit Origins(const Graph& graph)
      : origin_(static_cast<size_t>(graph.value_count()), kNoValue),
        stored_(origin_.size()) {
    for (ValueId id = 0; id < graph.value_count(); ++id) {
      const ValueKind kind = graph.value(id).kind;
      stored_[static_cast<size_t>(id)] =
          kind == ValueKind::kParameter || kind == ValueKind::kConstant;
      if (kind == ValueKind::kParameter) origin_[static_cast<size_t>(id)] = id;
    }
    for (NodeId id = 0; id < graph.node_count(); ++id) Visit(graph.node(id));
  }

  ValueId operator[](ValueId id) const {
    return id == kNoValue ? kNoValue : origin_[static_cast<size_t>(id)];
  }

 private:
  void Visit(const Node& node) {
    ValueId first = kNoValue;
    for (const ValueId input : node.inputs) {
      if (input == kNoValue) continue;
      if (!stored_[static_cast<size_t>(input)]) return;
      if (first == kNoValue) first = (*this)[input];
    }
    for (const ValueId output : node.outputs) {
      origin_[static_cast<size_t>(output)] = first;
      stored_[static_cast<size_t>(output)] = true;
    }
  }

  std::vector<ValueId> origin_;
  std::vector<bool> stored_;
};

}  // namespace

absl::string_view Name(Role role) {
  static constexpr absl::string_view kNames[] = {
      "conv",       "depthwise_conv", "linear",    "embedding", "norm_scale",
      "norm_shift", "bias",           "statistic", "other"};
  return kNames[static_cast<size_t>(role)];
}

std::vector<Role> ParameterRoles(const Graph& graph) {
  const Origins origins(graph);
  std::vector<Role> by_value(static_cast<size_t>(graph.value_count()),
                             Role::kOther);
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const Node& node = graph.node(id);
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId origin = origins[node.inputs[i]];
      if (origin == kNoValue) continue;
      Role& role = by_value[static_cast<size_t>(origin)];
      const Role here = RoleInNode(graph, node, i);
      if (role == Role::kOther || here == Role::kEmbedding) role = here;
    }
  }
  std::vector<Role> roles;
  roles.reserve(graph.parameters().size());
  for (const ValueId id : graph.parameters()) {
    roles.push_back(IsStatisticName(graph.value(id).name)
                        ? Role::kStatistic
                        : by_value[static_cast<size_t>(id)]);
  }
  return roles;
}

Role RoleOf(const Graph& graph, ValueId parameter) {
  const std::vector<Role> roles = ParameterRoles(graph);
  for (size_t i = 0; i < roles.size(); ++i) {
    if (graph.parameters()[i] == parameter) return roles[i];
  }
  return Role::kOther;
}

std::vector<ValueId> TrainableParameters(const Graph& graph) {
  std::vector<bool> reached(static_cast<size_t>(graph.value_count()));
  for (const Graph::Output& output : graph.outputs()) {
    reached[static_cast<size_t>(output.value)] = true;
  }
  for (NodeId id = graph.node_count() - 1; id >= 0; --id) {
    const Node& node = graph.node(id);
    if (graph.ops().Find(node.op)->gradient == nullptr) continue;
    const bool flows = std::any_of(
        node.outputs.begin(), node.outputs.end(), [&](ValueId output) {
          return reached[static_cast<size_t>(output)] &&
                 IsFloat(graph.type(output).dtype);
        });
    if (!flows) continue;
    for (const ValueId input : node.inputs) {
      if (input != kNoValue) reached[static_cast<size_t>(input)] = true;
    }
  }
  const std::vector<Role> roles = ParameterRoles(graph);
  std::vector<ValueId> trainable;
  for (size_t i = 0; i < roles.size(); ++i) {
    const ValueId id = graph.parameters()[i];
    if (reached[static_cast<size_t>(id)] && IsFloat(graph.type(id).dtype) &&
        roles[i] != Role::kStatistic) {
      trainable.push_back(id);
    }
  }
  return trainable;
}

std::vector<ValueId> PrunableParameters(const Graph& graph) {
  const std::vector<Role> roles = ParameterRoles(graph);
  std::vector<ValueId> prunable;
  for (size_t i = 0; i < roles.size(); ++i) {
    if (roles[i] == Role::kConv || roles[i] == Role::kDepthwiseConv ||
        roles[i] == Role::kLinear) {
      prunable.push_back(graph.parameters()[i]);
    }
  }
  return prunable;
}

std::vector<Layer> Layers(const Graph& graph) {
  const Origins origins(graph);
  std::vector<Layer> layers;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const Node& node = graph.node(id);
    Layer layer;
    // Weights of weights (a factorised matrix) are no layer of their own.
    const bool activation = std::any_of(
        node.inputs.begin(), node.inputs.end(),
        [&](ValueId v) { return v != kNoValue && origins[v] == kNoValue; });
    for (size_t i = 0; i < node.inputs.size() && activation; ++i) {
      const ValueId origin = origins[node.inputs[i]];
      if (origin == kNoValue) continue;
      const Role role = RoleInNode(graph, node, i);
      if (role == Role::kConv || role == Role::kDepthwiseConv ||
          role == Role::kLinear) {
        layer.node = id;
        layer.weights = origin;
        layer.role = role;
      } else if (role == Role::kBias) {
        layer.bias = origin;
      }
    }
    if (layer.node != kNoNode) layers.push_back(std::move(layer));
  }
  return layers;
}

}  // namespace assay
