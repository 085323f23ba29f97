#include "harness/graph/rewrites/mark_sparse.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "harness/core/dtype.h"
#include "harness/core/shape.h"
#include "harness/core/tensor.h"
#include "harness/graph/attributes.h"
#include "harness/graph/copier.h"

namespace assay {
namespace {

constexpr int64_t kLanes = 16;

bool IsConv(const Node& node) {
  return node.op == "conv2d" || node.op == "conv2d_fused";
}

bool IsLayer(const Node& node) {
  return IsConv(node) || node.op == "linear" || node.op == "linear_fused";
}

bool IsF32(const Graph& graph, const std::vector<ValueId>& values) {
  return std::all_of(values.begin(), values.end(), [&](ValueId v) {
    return v == kNoValue || graph.type(v).dtype == DType::kF32;
  });
}

bool IsConstant(const Graph& graph, ValueId v) {
  return graph.value(v).kind == ValueKind::kConstant;
}

double Density(const Tensor& weights) {
  const auto values = weights.span<float>();
  const auto zeros = std::count(values.begin(), values.end(), 0.0f);
  return 1 - static_cast<double>(zeros) / static_cast<double>(values.size());
}

bool IsSparse(const Graph& graph, const Node& node, double max_density) {
  if (!IsLayer(node) || node.attributes.Int("groups", 1) != 1 ||
      !IsF32(graph, node.inputs) || !IsF32(graph, node.outputs) ||
      !IsConstant(graph, node.inputs[1])) {
    return false;
  }
  if (node.inputs.size() > 2 && node.inputs[2] != kNoValue &&
      !IsConstant(graph, node.inputs[2])) {
    return false;
  }
  const Shape& dst = graph.shape(node.outputs[0]);
  const bool fills = IsConv(node) ? dst[2] * dst[3] >= kLanes
                                  : ElementCount(dst) / dst.back() >= kLanes;
  if (IsConv(node) && !fills) return false;
  return Density(graph.value(node.inputs[1]).constant) <=
         (fills ? max_density : max_density / 4);
}

}  // namespace

absl::StatusOr<Graph> MarkSparse(const Graph& graph, double max_density) {
  CopyHooks hooks;
  hooks.node = [&](GraphCopier& copier, NodeId id) -> absl::StatusOr<bool> {
    const Node& node = graph.node(id);
    if (max_density <= 0 || !IsSparse(graph, node, max_density)) return false;
    Attributes attributes = node.attributes;
    attributes.Set("sparse", int64_t{1});
    const ValueId result = node.outputs[0];
    copier.Set(result,
               copier.b().Op(IsConv(node) ? "conv2d_fused" : "linear_fused",
                             copier.Map(node.inputs), std::move(attributes),
                             graph.value(result).name));
    return true;
  };
  return CopyGraph(graph, hooks);
}

}  // namespace assay
