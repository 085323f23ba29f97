// A budget as a run asks for it, as limits to judge by.
#ifndef ASSAY_HARNESS_HOST_BUDGET_LIMITS_H_
#define ASSAY_HARNESS_HOST_BUDGET_LIMITS_H_

#include "harness/host/budget_rules.h"

namespace assay {

class Budget;

// Fields that are 0 do not constrain.
BudgetLimits LimitsOf(const Budget& budget);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_BUDGET_LIMITS_H_
