// The timed sessions that a run asks for.
#ifndef ASSAY_HARNESS_HOST_SESSION_PLAN_H_
#define ASSAY_HARNESS_HOST_SESSION_PLAN_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/measure/scenario/scenario.h"

namespace assay {

class MeasureSpec;

// One interleaved session over all networks, precisions and backends.
struct SessionPlan {
  Scenario scenario = Scenario::kSingleStream;
  int64_t batch = 1;              // samples per call of a plan
  int64_t samples_per_query = 1;  // whole batches
  bool cold = false;              // caches are evicted before each query
};

// Scenario by scenario, batches in the order given, hot before cold; a server
// has no cold session. INVALID_ARGUMENT: an unknown name (with the known ones),
// a size or rate that is negative.
absl::StatusOr<std::vector<SessionPlan>> PlanSessions(
    const MeasureSpec& measure);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SESSION_PLAN_H_
