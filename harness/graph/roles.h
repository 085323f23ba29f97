// What each parameter is for, derived from how the graph uses it.
#ifndef ASSAY_HARNESS_GRAPH_ROLES_H_
#define ASSAY_HARNESS_GRAPH_ROLES_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "harness/graph/graph.h"

namespace assay {

enum class Role : uint8_t {
  kConv,
  kDepthwiseConv,
  kLinear,  // of linear and of matmul with an activation
  kEmbedding,
  kNormScale,
  kNormShift,
  kBias,
  kStatistic,  // running mean or variance of a batch norm
  kOther,
};

// "conv", "depthwise_conv", "linear", "embedding", "norm_scale", "norm_shift",
// "bias", "statistic", "other".
absl::string_view Name(Role role);

// Roles in the order of graph.parameters(). A parameter that reaches its use
// through nodes over parameters and constants alone (mask, cast, fake
// quantization, slice) keeps the role of that use; in a product of several
// parameters the first operand is the one that is followed. An embedding that
// is also the output head is an embedding; otherwise the first use decides.
// Parameters named *.mean and *.variance are statistics. O(graph).
std::vector<Role> ParameterRoles(const Graph& graph);

// The role of one parameter; O(graph), so ask ParameterRoles for many.
Role RoleOf(const Graph& graph, ValueId parameter);

// Parameters that training changes, in graph order: those of a floating-point
// type from which an output is reached through differentiable ops, statistics
// excepted.
std::vector<ValueId> TrainableParameters(const Graph& graph);

// Weights of convolutions and linear layers, first and last included, in graph
// order: what sparsity is counted over.
std::vector<ValueId> PrunableParameters(const Graph& graph);

// A node with weights.
struct Layer {
  NodeId node = kNoNode;
  ValueId weights = kNoValue;  // the parameter, perhaps behind a mask or cast
  ValueId bias = kNoValue;     // kNoValue where there is none
  Role role = Role::kOther;    // kConv, kDepthwiseConv or kLinear
};

// Convolutions and linear layers in execution order. A parameter used twice
// gives two layers.
std::vector<Layer> Layers(const Graph& graph);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_ROLES_H_
