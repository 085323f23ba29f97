#include "harness/graph/cost.h"

#include "harness/core/status_macros.h"
#include "harness/graph/rewrites/rebatch.h"
#include "harness/host/budget_rules.h"
#include "harness/host/services/budgets.h"
#include "harness/host/services/graph_access.h"
#include "harness/host/services/latency.h"
#include "harness/host/services/tables.h"

namespace assay {
namespace {

absl::StatusOr<assay_cost> MeasureCost(const Graph& graph,
                                       const ParameterStore* store) {
  ASSAY_ASSIGN_OR_RETURN(const Graph single, Rebatch(graph, 1));
  Cost counted = CostOf(single);
  if (store != nullptr) {
    ASSAY_ASSIGN_OR_RETURN(counted, CostOf(single, *store));
  }
  ASSAY_ASSIGN_OR_RETURN(const PrunableCount prunable,
                         CountPrunable(graph, store));
  assay_cost cost{};
  cost.macs = counted.macs;
  cost.macs_nonzero = counted.alive_macs;
  cost.parameters = counted.parameters;
  cost.weights = prunable.weights;
  cost.weights_nonzero = prunable.nonzeros;
  cost.bytes = counted.bytes;
  cost.bits_per_weight = prunable.weights == 0
                             ? 0
                             : static_cast<double>(prunable.bits) /
                                   static_cast<double>(prunable.weights);
  return cost;
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
    ASSAY_RETURN_IF_ERROR(CheckBudgetNumber(host, "cost.check", index));
    ASSAY_ASSIGN_OR_RETURN(const Footprint candidate,
                           FootprintOf(g->graph, &s->store));
    return CheckBudget(host, index, candidate);
  });
}

}  // namespace

const assay_cost_table* CostTable() {
  static constexpr assay_cost_table kTable = {ASSAY_SIZE(assay_cost_table), 1,
                                              &Cost_, &Check, &Latency};
  return &kTable;
}

}  // namespace assay
