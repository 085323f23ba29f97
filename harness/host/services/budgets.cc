#include "harness/host/services/budgets.h"

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/host/budget_rules.h"
#include "harness/host/services/service_host.h"

namespace assay {

absl::Status CheckBudgetNumber(assay_host* host, absl::string_view function,
                               uint32_t index) {
  const size_t count = host->options().budgets.size();
  if (index < count) return absl::OkStatus();
  return absl::OutOfRangeError(absl::StrCat(function, ": there are ", count,
                                            " budgets, got number ", index));
}

absl::Status CheckBudget(assay_host* host, uint32_t index,
                         const Footprint& candidate) {
  const ServedBudget& budget = host->options().budgets[index];
  ASSAY_ASSIGN_OR_RETURN(const Footprint dense,
                         FootprintOf(host->reference_graph()->graph, nullptr));
  for (const BudgetFinding& finding : JudgeBudget(budget, dense, candidate)) {
    if (finding.met) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("budget ", budget.id, ": ", finding.message));
  }
  return absl::OkStatus();
}

}  // namespace assay
