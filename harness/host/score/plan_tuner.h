// Plans that are timed, chosen by measurement, from a cache or from a report.
#ifndef ASSAY_HARNESS_HOST_SCORE_PLAN_TUNER_H_
#define ASSAY_HARNESS_HOST_SCORE_PLAN_TUNER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/backend/device.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/host/run_spec.pb.h"
#include "harness/host/score/plan.h"
#include "harness/measure/clock.h"
#include "harness/report/latency.pb.h"
#include "harness/tasks/task.h"
#include "harness/tune/plan_choices.h"

namespace assay {

struct PlanTunerOptions {
  std::string mode;  // MeasureSpec::tune
  // Choices of an earlier run: where there are any, nothing is measured.
  std::vector<TunedPlan> replay;
  int threads = 1;        // that the rules take
  std::string cache_dir;  // choices lie in DIR/tune; empty: nothing is kept
  // What choices were measured on; another machine or program measures anew.
  std::string machine, program;
};

// A network to make a plan of. `sha256` names structure and weights; empty:
// choices for it are not kept.
struct NetworkToTune {
  std::string name;  // "dense", a candidate's
  std::string sha256;
  const Graph* graph = nullptr;
  const ParameterStore* parameters = nullptr;
};

struct PlanToTune {
  std::string backend;  // empty: the run's
  Device* device = nullptr;
  std::string precision;
  int64_t batch = 1;
  std::string writes = {};  // "prefill", "decode"; empty: it answers batches
  // What answers, where that is not one plan of the network: several of which
  // each may heed only some of the settings.
  std::function<absl::StatusOr<std::unique_ptr<TimedSystem>>(
      const PlanSettings&, Device*)>
      make = nullptr;
};

struct ChosenPlan {
  PlanSettings settings;
  std::optional<TuningRecord> record;  // none where the rules decide
  Device* device = nullptr;            // that heeds the settings
};

class PlanTuner {
 public:
  // `task` must outlive it.
  PlanTuner(const Task& task, Clock& clock, PlanTunerOptions options);

  // The same for the same arguments, measured once. "quick" measures for 2
  // seconds, "full" for 20. NOT_FOUND: the plan is not among those to replay;
  // INVALID_ARGUMENT: its choices are none that this program has. UNIMPLEMENTED
  // is the device's, for the rules' own plan. The device in it lives as long as
  // the tuner.
  absl::StatusOr<ChosenPlan> Choose(const NetworkToTune& network,
                                    const PlanToTune& plan);

 private:
  PlanSettings RulesOf(const PlanToTune& plan) const;
  // The plan's own, or one of the same kind with the settings' options.
  Device* DeviceFor(const PlanSettings& settings, const PlanToTune& plan);
  absl::StatusOr<TuningRecord> Record(const NetworkToTune& network,
                                      const PlanToTune& plan);
  absl::StatusOr<TuningRecord> Replayed(const NetworkToTune& network,
                                        const PlanToTune& plan) const;
  absl::StatusOr<TuningRecord> Measured(const NetworkToTune& network,
                                        const PlanToTune& plan);
  std::string CacheFile(const NetworkToTune& network,
                        const PlanToTune& plan) const;

  const Task& task_;
  Clock& clock_;
  const PlanTunerOptions options_;
  std::map<std::string, TuningRecord> chosen_;  // by what was asked
  std::vector<std::pair<CpuOptions, std::unique_ptr<Device>>> devices_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SCORE_PLAN_TUNER_H_
