#include "harness/host/budget_limits.h"

#include "harness/host/run_spec.pb.h"

namespace assay {

BudgetLimits LimitsOf(const Budget& budget) {
  const auto limit = [](auto value) { return value > 0 ? value : -1; };
  BudgetLimits limits;
  limits.sparsity = limit(budget.sparsity());
  limits.macs_fraction = limit(budget.macs_fraction());
  limits.weight_bits = limit(budget.weight_bits());
  limits.activation_bits = limit(budget.activation_bits());
  limits.bytes = limit(budget.bytes());
  return limits;
}

}  // namespace assay
