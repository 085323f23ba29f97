#include "harness/graph/cost.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/core/status_macros.h"
#include "harness/graph/rewrites/rebatch.h"
#include "harness/graph/roles.h"
#include "harness/host/services/graph_access.h"
#include "harness/host/services/tables.h"

namespace assay {
namespace {

// Weights and bits that a budget speaks of.
struct WeightCount {
  int64_t tensors = 0;
  int64_t elements = 0;
  int64_t nonzeros = 0;
  int64_t bits = 0;
};

absl::StatusOr<WeightCount> CountWeights(const Graph& graph,
                                         const ParameterStore* store) {
  WeightCount count;
  for (ValueId id : PrunableParameters(graph)) {
    const Value& v = graph.value(id);
    const int64_t n = ElementCount(v.type.shape);
    ++count.tensors;
    count.elements += n;
    count.bits += n * 8 * SizeOf(v.type.dtype);
    if (store == nullptr) {
      count.nonzeros += n;
      continue;
    }
    ASSAY_ASSIGN_OR_RETURN(const Tensor value, store->Get(v.name));
    count.nonzeros += CountNonzeros(value);
  }
  return count;
}

absl::StatusOr<assay_cost> MeasureCost(const Graph& graph,
                                       const ParameterStore* store) {
  ASSAY_ASSIGN_OR_RETURN(const Graph single, Rebatch(graph, 1));
  Cost counted = CostOf(single);
  if (store != nullptr) {
    ASSAY_ASSIGN_OR_RETURN(counted, CostOf(single, *store));
  }
  ASSAY_ASSIGN_OR_RETURN(const WeightCount weights, CountWeights(graph, store));
  assay_cost cost{};
  cost.macs = counted.macs;
  cost.macs_nonzero = counted.alive_macs;
  cost.parameters = counted.parameters;
  cost.weights = weights.elements;
  cost.weights_nonzero = weights.nonzeros;
  cost.bytes = counted.bytes;
  cost.bits_per_weight = weights.elements == 0
                             ? 0
                             : static_cast<double>(weights.bits) /
                                   static_cast<double>(weights.elements);
  return cost;
}

// Bits of what a layer reads: 8 behind a dequantize_linear, else of its type.
int32_t BitsOf(const Graph& graph, ValueId value) {
  const NodeId producer = graph.value(value).producer;
  if (producer != kNoNode && graph.node(producer).op == "dequantize_linear") {
    value = graph.node(producer).inputs[0];
  }
  return static_cast<int32_t>(8 * SizeOf(graph.type(value).dtype));
}

absl::Status Missed(const ServedBudget& budget, absl::string_view what) {
  return absl::FailedPreconditionError(
      absl::StrCat("budget ", budget.id, ": ", what));
}

absl::Status CheckBits(const Graph& graph, const ServedBudget& budget) {
  for (const Layer& layer : Layers(graph)) {
    const Node& node = graph.node(layer.node);
    const int32_t weights = BitsOf(graph, node.inputs[1]);
    const int32_t source = BitsOf(graph, node.inputs[0]);
    const std::string& name = graph.value(layer.weights).name;
    if (budget.weight_bits >= 0 && weights > budget.weight_bits) {
      return Missed(budget,
                    absl::StrFormat("layer %s: expected at most %d bits of "
                                    "weights, got %d",
                                    name, budget.weight_bits, weights));
    }
    if (budget.activation_bits >= 0 && source > budget.activation_bits) {
      return Missed(budget,
                    absl::StrFormat("layer %s: expected at most %d bits of "
                                    "activations, got %d",
                                    name, budget.activation_bits, source));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckBudget(assay_host* host, const ServedBudget& budget,
                         const Graph& graph, const ParameterStore& store) {
  ASSAY_ASSIGN_OR_RETURN(const assay_cost cost, MeasureCost(graph, &store));
  if (budget.sparsity >= 0) {
    ASSAY_ASSIGN_OR_RETURN(
        const WeightCount dense,
        CountWeights(host->reference_graph()->graph, nullptr));
    const double sparsity = 1 - static_cast<double>(cost.weights_nonzero) /
                                    static_cast<double>(dense.elements);
    // Methods round down in each tensor.
    const double slack = static_cast<double>(dense.tensors) /
                         static_cast<double>(dense.elements);
    if (sparsity + slack < budget.sparsity) {
      return Missed(budget,
                    absl::StrFormat("expected a sparsity of at least %g, got "
                                    "%g (%d of %d weights are left)",
                                    budget.sparsity, sparsity,
                                    cost.weights_nonzero, dense.elements));
    }
  }
  if (budget.macs_fraction >= 0) {
    ASSAY_ASSIGN_OR_RETURN(
        const assay_cost dense,
        MeasureCost(host->reference_graph()->graph, nullptr));
    const double fraction =
        static_cast<double>(cost.macs) / static_cast<double>(dense.macs);
    if (fraction > budget.macs_fraction) {
      return Missed(
          budget, absl::StrFormat("expected at most %g of the reference's %d "
                                  "MACs, got %g",
                                  budget.macs_fraction, dense.macs, fraction));
    }
  }
  if (budget.bytes >= 0 && cost.bytes > budget.bytes) {
    return Missed(budget, absl::StrFormat("expected at most %d bytes, got %d",
                                          budget.bytes, cost.bytes));
  }
  return CheckBits(graph, budget);
}

assay_status* Cost_(assay_host* host, const assay_graph* graph,
                    const assay_parameters* set, assay_cost* out) {
  return Serve(host, "cost.cost", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    const ParameterStore* store = nullptr;
    if (set != nullptr) {
      ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, ReadableSet(host, set));
      store = &s->store;
    }
    ASSAY_ASSIGN_OR_RETURN(const assay_cost cost, MeasureCost(g->graph, store));
    Fill(cost, out);
    return absl::OkStatus();
  });
}

assay_status* Check(assay_host* host, uint32_t index, const assay_graph* graph,
                    const assay_parameters* set) {
  return Serve(host, "cost.check", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, ReadableSet(host, set));
    const auto& budgets = host->options().budgets;
    if (index >= budgets.size()) {
      return absl::OutOfRangeError(
          absl::StrCat("cost.check: there are ", budgets.size(),
                       " budgets, got number ", index));
    }
    return CheckBudget(host, budgets[index], g->graph, s->store);
  });
}

}  // namespace

const assay_cost_table* CostTable() {
  static constexpr assay_cost_table kTable = {ASSAY_SIZE(assay_cost_table), 1,
                                              &Cost_, &Check};
  return &kTable;
}

}  // namespace assay
