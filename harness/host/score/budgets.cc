#include "harness/host/score/budgets.h"

#include <algorithm>

#include "harness/core/status_macros.h"
#include "harness/graph/cost.h"
#include "harness/graph/rewrites/rebatch.h"
#include "harness/graph/roles.h"
#include "harness/host/score/cost_record.h"
#include "harness/report/check.h"

namespace assay {
namespace {

double Fraction(int64_t part, int64_t whole) {
  return whole == 0 ? 0.0
                    : static_cast<double>(part) / static_cast<double>(whole);
}

BudgetRecord Judge(const char* quantity, BudgetRecord::Relation relation,
                   double asked, double reached, double tolerance) {
  BudgetRecord record;
  record.set_quantity(quantity);
  record.set_relation(relation);
  record.set_asked(asked);
  record.set_reached(reached);
  record.set_tolerance(tolerance);
  record.set_met(relation == BudgetRecord::AT_LEAST
                     ? reached >= asked * (1 - tolerance)
                     : reached <= asked * (1 + tolerance));
  *record.mutable_availability() = MakeAvailability(Availability::DERIVED);
  return record;
}

}  // namespace

absl::StatusOr<Footprint> FootprintOf(const Graph& graph,
                                      const ParameterStore& parameters) {
  ASSAY_ASSIGN_OR_RETURN(const Graph one, Rebatch(graph, 1));
  Footprint footprint;
  ASSAY_ASSIGN_OR_RETURN(const PrunableCount count,
                         CountPrunable(one, parameters));
  footprint.prunable = count.weights;
  footprint.prunable_nonzeros = count.nonzeros;
  footprint.prunable_tensors =
      static_cast<int64_t>(PrunableParameters(one).size());
  const Cost cost = CostOf(one);
  footprint.macs = cost.macs;
  for (const Layer& layer : Layers(one)) {
    const LayerBits bits = BitsOf(one, layer.node);
    footprint.weight_bits =
        std::max(footprint.weight_bits, static_cast<int32_t>(bits.weights));
    footprint.activation_bits = std::max(
        footprint.activation_bits, static_cast<int32_t>(bits.activations));
  }
  footprint.parameter_bytes = cost.bytes;
  return footprint;
}

std::vector<BudgetRecord> CheckBudget(const Budget& budget,
                                      const Footprint& dense,
                                      const Footprint& candidate) {
  std::vector<BudgetRecord> records;
  if (budget.sparsity() > 0) {
    const double kept = Fraction(candidate.prunable_nonzeros, dense.prunable);
    const double rounding =
        Fraction(dense.prunable_tensors, dense.prunable) / budget.sparsity();
    records.push_back(Judge("sparsity", BudgetRecord::AT_LEAST,
                            budget.sparsity(), 1.0 - kept, rounding));
  }
  if (budget.macs_fraction() > 0) {
    records.push_back(Judge("macs_fraction", BudgetRecord::AT_MOST,
                            budget.macs_fraction(),
                            Fraction(candidate.macs, dense.macs), 0));
  }
  if (budget.weight_bits() > 0) {
    records.push_back(Judge("weight_bits", BudgetRecord::AT_MOST,
                            budget.weight_bits(), candidate.weight_bits, 0));
  }
  if (budget.activation_bits() > 0) {
    records.push_back(Judge("activation_bits", BudgetRecord::AT_MOST,
                            budget.activation_bits(), candidate.activation_bits,
                            0));
  }
  if (budget.bytes() > 0) {
    records.push_back(Judge("bytes", BudgetRecord::AT_MOST,
                            static_cast<double>(budget.bytes()),
                            static_cast<double>(candidate.parameter_bytes), 0));
  }
  return records;
}

}  // namespace assay
