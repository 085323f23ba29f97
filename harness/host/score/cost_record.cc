#include "harness/host/score/cost_record.h"

#include <algorithm>
#include <map>

#include "harness/core/dtype.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/graph/cost.h"
#include "harness/graph/packed.h"
#include "harness/graph/rewrites/rebatch.h"
#include "harness/graph/roles.h"
#include "harness/host/budget_rules.h"
#include "harness/report/check.h"

namespace assay {
namespace {

uint64_t Unsigned(int64_t value) {
  return static_cast<uint64_t>(std::max<int64_t>(value, 0));
}

absl::Status AddLayers(const Graph& graph, const ParameterStore& parameters,
                       const Cost& cost, CostRecord* record) {
  std::map<NodeId, const NodeCost*> by_node;
  for (const NodeCost& node : cost.nodes) by_node[node.node] = &node;
  const std::vector<bool> packed = PackedValues(graph);
  for (const Layer& layer : Layers(graph)) {
    const Value& weights = graph.value(layer.weights);
    ASSAY_ASSIGN_OR_RETURN(const Tensor tensor, parameters.Get(weights.name));
    const LayerBits bits = BitsOf(graph, layer.node);
    LayerCost* row = record->add_layers();
    row->set_name(weights.name);
    row->set_op(graph.node(layer.node).op);
    for (int64_t extent : weights.type.shape) row->add_shape(extent);
    const bool halves = packed[static_cast<size_t>(layer.weights)];
    const int64_t elements = StoredElements(weights.type, halves);
    row->set_parameters(Unsigned(elements));
    row->set_nonzero_parameters(
        Unsigned(halves ? elements : CountNonzeros(tensor)));
    row->set_weight_bits(bits.weights);
    row->set_activation_bits(bits.activations);
    const auto found = by_node.find(layer.node);
    if (found == by_node.end()) continue;
    row->set_macs(Unsigned(found->second->macs));
    row->set_nonzero_macs(Unsigned(found->second->alive_macs));
  }
  return absl::OkStatus();
}

// Bits that a parameter is stored in, on average, running statistics apart.
double MeanBits(const Graph& graph) {
  const std::vector<Role> roles = ParameterRoles(graph);
  const std::vector<bool> packed = PackedValues(graph);
  int64_t elements = 0, bits = 0;
  for (size_t i = 0; i < roles.size(); ++i) {
    if (roles[i] == Role::kStatistic) continue;
    const ValueId id = graph.parameters()[i];
    const bool halves = packed[static_cast<size_t>(id)];
    const int64_t here = StoredElements(graph.type(id), halves);
    elements += here;
    bits += here * StoredBits(graph.type(id), halves);
  }
  return elements == 0
             ? 0
             : static_cast<double>(bits) / static_cast<double>(elements);
}

// MACs of nodes without stored weights (attention) count in their own types.
double BitMacs(const Graph& graph, const Cost& cost) {
  double sum = 0;
  for (const NodeCost& node : cost.nodes) {
    const LayerBits bits = BitsOf(graph, node.node);
    sum += static_cast<double>(node.macs) * bits.weights * bits.activations /
           1024.0;
  }
  return sum;
}

}  // namespace

int64_t PeakActivationBytes(const Graph& graph) {
  const auto count = static_cast<size_t>(graph.value_count());
  std::vector<NodeId> last(count, kNoNode);
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    for (ValueId input : graph.node(id).inputs) {
      if (input != kNoValue) last[static_cast<size_t>(input)] = id;
    }
  }
  for (const Graph::Output& output : graph.outputs()) {
    last[static_cast<size_t>(output.value)] = graph.node_count();
  }
  const auto bytes = [&](ValueId id) {
    return ElementCount(graph.shape(id)) * SizeOf(graph.type(id).dtype);
  };
  int64_t alive = 0;
  for (ValueId id : graph.inputs()) alive += bytes(id);
  int64_t peak = alive;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const Node& node = graph.node(id);
    for (ValueId output : node.outputs) alive += bytes(output);
    peak = std::max(peak, alive);
    std::vector<ValueId> done = node.inputs;
    done.insert(done.end(), node.outputs.begin(), node.outputs.end());
    std::sort(done.begin(), done.end());
    done.erase(std::unique(done.begin(), done.end()), done.end());
    for (ValueId value : done) {
      if (value == kNoValue) continue;
      const ValueKind kind = graph.value(value).kind;
      const bool activation =
          kind == ValueKind::kInput || kind == ValueKind::kResult;
      const NodeId until = last[static_cast<size_t>(value)];
      if (activation && until <= id) alive -= bytes(value);
    }
  }
  return peak;
}

absl::StatusOr<CostRecord> MakeCostRecord(const Graph& graph,
                                          const ParameterStore& parameters,
                                          uint64_t bytes_on_disk) {
  ASSAY_ASSIGN_OR_RETURN(const Graph one, Rebatch(graph, 1));
  ASSAY_ASSIGN_OR_RETURN(const Cost cost, CostOf(one, parameters));
  CostRecord record;
  *record.mutable_availability() = MakeAvailability(Availability::DERIVED);
  record.set_parameters(Unsigned(cost.parameters));
  record.set_nonzero_parameters(Unsigned(cost.nonzeros));
  record.set_bytes_on_disk(bytes_on_disk);
  record.set_weight_bytes(Unsigned(cost.bytes));
  if (cost.parameters > 0) {
    record.set_density(static_cast<double>(cost.nonzeros) /
                       static_cast<double>(cost.parameters));
  }
  record.set_mean_bits(MeanBits(one));
  record.set_macs(Unsigned(cost.macs));
  record.set_nonzero_macs(Unsigned(cost.alive_macs));
  record.set_bit_macs(BitMacs(one, cost));
  record.set_activation_bytes(Unsigned(PeakActivationBytes(one)));
  ASSAY_RETURN_IF_ERROR(AddLayers(one, parameters, cost, &record));
  return record;
}

}  // namespace assay
