#include "harness/host/score/materialisation.h"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "harness/core/dtype.h"
#include "harness/core/status_macros.h"
#include "harness/graph/cost.h"
#include "harness/graph/packed.h"
#include "harness/graph/roles.h"
#include "harness/report/check.h"

namespace assay {
namespace {

// By value: stored, or made of stored values alone.
std::vector<bool> StoredValues(const Graph& graph) {
  std::vector<bool> stored(static_cast<size_t>(graph.value_count()));
  for (ValueId id = 0; id < graph.value_count(); ++id) {
    const Value& value = graph.value(id);
    bool all = value.kind != ValueKind::kInput;
    if (value.kind == ValueKind::kResult) {
      for (ValueId input : graph.node(value.producer).inputs) {
        all = all && (input == kNoValue || stored[static_cast<size_t>(input)]);
      }
    }
    stored[static_cast<size_t>(id)] = all;
  }
  return stored;
}

// Follows `id` back to what is stored; true when a product of two stored
// tensors of one shape lies on the way: a mask.
bool IsMasked(const Graph& graph, const std::vector<bool>& stored, ValueId id) {
  while (id != kNoValue && graph.value(id).kind == ValueKind::kResult) {
    const Node& node = graph.node(graph.value(id).producer);
    if (node.op == "mul" && node.inputs.size() == 2 &&
        stored[static_cast<size_t>(node.inputs[0])] &&
        stored[static_cast<size_t>(node.inputs[1])] &&
        graph.shape(node.inputs[0]) == graph.shape(node.inputs[1])) {
      return true;
    }
    id = node.inputs.empty() ? kNoValue : node.inputs[0];
  }
  return false;
}

bool IsInteger(DType dtype) {
  return dtype == DType::kU8 || dtype == DType::kS8;
}

bool IsWeightOp(const Node& node) {
  return node.op == "conv2d" || node.op == "conv_transpose2d" ||
         node.op == "linear" || node.op == "conv2d_fused" ||
         node.op == "linear_fused" || node.op == "linear_u4";
}

bool IsSparse(const Node& node) {
  return node.attributes.Int("sparse", 0) != 0;
}

// Dequantized values that a floating-point kernel with weights reads.
void CountKernels(const Graph& plan, MaterialisationRecord* record) {
  std::set<std::string> left;
  for (NodeId id = 0; id < plan.node_count(); ++id) {
    const Node& node = plan.node(id);
    if (!IsWeightOp(node) || node.inputs.size() < 2) continue;
    record->set_weight_kernels(record->weight_kernels() + 1);
    if (IsSparse(node))
      record->set_sparse_kernels(record->sparse_kernels() + 1);
    if (IsInteger(plan.type(node.inputs[0]).dtype)) {
      record->set_integer_kernels(record->integer_kernels() + 1);
      continue;
    }
    for (size_t i = 0; i < 2; ++i) {
      const Value& operand = plan.value(node.inputs[i]);
      if (operand.kind != ValueKind::kResult) continue;
      if (plan.node(operand.producer).op != "dequantize_linear") continue;
      left.insert(operand.name);
    }
  }
  for (const std::string& name : left) record->add_fake_quantizers_left(name);
}

// Rows along axis 0 that are all zeros.
int64_t ZeroRows(const Tensor& weights) {
  if (weights.rank() < 2 || weights.dim(0) == 0) return 0;
  const Tensor values = weights.Cast(DType::kF32);
  const int64_t rows = values.dim(0), width = values.size() / rows;
  int64_t zero = 0;
  for (int64_t row = 0; row < rows; ++row) {
    const float* begin = values.data<float>() + row * width;
    bool all = true;
    for (int64_t i = 0; all && i < width; ++i) all = begin[i] == 0.0f;
    zero += all ? 1 : 0;
  }
  return zero;
}

}  // namespace

absl::StatusOr<MaterialisationRecord> MakeMaterialisationRecord(
    const Graph& graph, const ParameterStore& parameters, const Graph& plan,
    absl::Span<const std::string> left_in_float) {
  MaterialisationRecord record;
  *record.mutable_availability() = MakeAvailability(Availability::DERIVED);
  const std::vector<bool> stored = StoredValues(graph);
  const std::vector<bool> packed = PackedValues(graph);
  std::set<ValueId> counted;
  for (const Layer& layer : Layers(graph)) {
    const std::string& name = graph.value(layer.weights).name;
    if (IsMasked(graph, stored, graph.node(layer.node).inputs[1])) {
      record.add_masks_left(name);
    }
    if (packed[static_cast<size_t>(layer.weights)] ||
        !counted.insert(layer.weights).second) {
      continue;
    }
    ASSAY_ASSIGN_OR_RETURN(const Tensor weights, parameters.Get(name));
    record.set_zero_channels_left(record.zero_channels_left() +
                                  static_cast<uint64_t>(ZeroRows(weights)));
  }
  for (const std::string& name : left_in_float) {
    record.add_floats_between_integers(name);
  }
  CountKernels(plan, &record);
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const Node& node = graph.node(id);
    if (node.op == "fake_quantize" || node.op == "lsq_quantize") {
      record.add_fake_quantizers_left(graph.value(node.outputs[0]).name);
    }
  }
  record.set_passed(record.masks_left_size() == 0 &&
                    record.fake_quantizers_left_size() == 0);
  return record;
}

ExecutedCost ExecutedCostOf(const Graph& plan) {
  const Cost cost = CostOf(plan);
  ExecutedCost executed{cost.macs, cost.bytes};
  for (const NodeCost& of : cost.nodes) {
    const Node& node = plan.node(of.node);
    if (!IsSparse(node)) continue;
    executed.macs -= of.macs - of.alive_macs;
    const Tensor& weights = plan.value(node.inputs[1]).constant;
    executed.weight_bytes +=
        CountNonzeros(weights) *
            static_cast<int64_t>(sizeof(float) + sizeof(int32_t)) -
        weights.size() * SizeOf(weights.dtype());
  }
  return executed;
}

bool IsQuantized(const Graph& graph) {
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    if (graph.node(id).op == "dequantize_linear") return true;
  }
  return false;
}

}  // namespace assay
