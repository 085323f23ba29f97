#include "harness/host/score/session_settings.h"

#include "harness/host/run_setup.h"

namespace assay {
namespace {

// Enough that the 99th percentile has a bound with 99 % confidence.
constexpr int64_t kQueries = 662;
constexpr double kSeconds = 10;

}  // namespace

ScenarioSettings SettingsOf(const MeasureSpec& measure, const SessionPlan& plan,
                            uint64_t seed) {
  ScenarioSettings settings;
  settings.scenario = plan.scenario;
  settings.seed = seed;
  settings.stop = StopOnTerminate();
  settings.samples_per_query = plan.samples_per_query;
  settings.min_queries = measure.queries() > 0 ? measure.queries() : kQueries;
  settings.max_seconds = measure.seconds() > 0 ? measure.seconds() : kSeconds;
  settings.target_qps = measure.server_qps();
  return settings;
}

}  // namespace assay
