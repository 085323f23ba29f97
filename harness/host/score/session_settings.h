// How a session of a run is set.
#ifndef ASSAY_HARNESS_HOST_SCORE_SESSION_SETTINGS_H_
#define ASSAY_HARNESS_HOST_SCORE_SESSION_SETTINGS_H_

#include <cstdint>

#include "harness/host/run_spec.pb.h"
#include "harness/host/session_plan.h"
#include "harness/measure/scenario/scenario.h"

namespace assay {

// Batches in memory for the queries to choose from.
inline constexpr int64_t kBatchesInMemory = 8;

// All but the samples and the eviction of caches. Stops when the supervisor
// ends the process.
ScenarioSettings SettingsOf(const MeasureSpec& measure, const SessionPlan& plan,
                            uint64_t seed);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SCORE_SESSION_SETTINGS_H_
