// What services ask of the run's budgets.
#ifndef ASSAY_HARNESS_HOST_SERVICES_BUDGETS_H_
#define ASSAY_HARNESS_HOST_SERVICES_BUDGETS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "harness/abi/assay.h"

namespace assay {

struct Footprint;

// OUT_OF_RANGE unless the run has budget `index`; `function` is who asks.
absl::Status CheckBudgetNumber(assay_host* host, absl::string_view function,
                               uint32_t index);

// FAILED_PRECONDITION says which limit of budget `index` is not kept.
absl::Status CheckBudget(assay_host* host, uint32_t index,
                         const Footprint& candidate);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SERVICES_BUDGETS_H_
