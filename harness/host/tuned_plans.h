// How plans are chosen, and choices from a report for a run that repeats them.
#ifndef ASSAY_HARNESS_HOST_TUNED_PLANS_H_
#define ASSAY_HARNESS_HOST_TUNED_PLANS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "harness/host/run_spec.pb.h"
#include "harness/report/report.pb.h"

namespace assay {

// OK for "", "off", "quick" and "full": MeasureSpec::tune.
absl::Status CheckTuning(absl::string_view mode);

// Replaces what `spec` repeats by all that the report's plans were chosen by;
// nothing where rules decided.
void RepeatPlans(const Report& report, RunSpec* spec);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_TUNED_PLANS_H_
