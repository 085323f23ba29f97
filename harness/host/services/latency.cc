#include "harness/host/services/latency.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/descriptive.h"
#include "harness/core/status_macros.h"
#include "harness/host/run_setup.h"
#include "harness/host/score/materialisation.h"
#include "harness/host/score/plan.h"
#include "harness/host/services/graph_access.h"
#include "harness/host/services/parts.h"
#include "harness/measure/clock.h"
#include "harness/measure/scenario/scenario.h"

namespace assay {
namespace {

constexpr double kSeconds = 0.2;
constexpr int64_t kLeastQueries = 32;
constexpr int64_t kBatches = 4;  // in memory, to choose from

struct Settled {
  int threads = 1;
  int64_t batch = 1;
  std::string precision;  // empty: as the network asks
  double seconds = kSeconds;
};

absl::StatusOr<Settled> Settle(const assay_latency_options* given) {
  assay_latency_options defaults{};
  defaults.threads = ASSAY_UNSET;
  defaults.batch = ASSAY_UNSET;
  ASSAY_ASSIGN_OR_RETURN(const assay_latency_options raw,
                         Receive(given, defaults, "cost.latency options"));
  Settled settled;
  const int most = UsableThreads();
  settled.threads = raw.threads == ASSAY_UNSET ? most : raw.threads;
  if (settled.threads < 1 || settled.threads > most) {
    return absl::InvalidArgumentError(
        absl::StrCat("cost.latency: threads: expected 1 to ", most, ", got ",
                     settled.threads));
  }
  settled.batch = raw.batch == ASSAY_UNSET ? 1 : raw.batch;
  if (settled.batch < 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cost.latency: batch: expected 1 or more, got ", settled.batch));
  }
  settled.precision = Text(raw.precision);
  if (raw.seconds > 0) settled.seconds = raw.seconds;
  return settled;
}

std::string PrecisionFor(const Graph& graph, const Settled& settled) {
  if (!settled.precision.empty()) return settled.precision;
  return IsQuantized(graph) ? "int8" : "f32";
}

void FillLatency(const std::vector<int64_t>& nanoseconds, int threads,
                 assay_latency* out) {
  const std::vector<double> sorted =
      Sorted(std::vector<double>(nanoseconds.begin(), nanoseconds.end()));
  assay_latency latency{};
  latency.threads = static_cast<uint32_t>(threads);
  latency.queries = static_cast<int64_t>(nanoseconds.size());
  latency.median_ns = SortedQuantile(sorted, 0.5);
  latency.p10_ns = SortedQuantile(sorted, 0.1);
  latency.p90_ns = SortedQuantile(sorted, 0.9);
  Fill(latency, out);
}

absl::StatusOr<std::unique_ptr<PlanSystem>> MakeSystem(
    assay_host* host, const Graph& graph, const ParameterStore& store,
    const Settled& settled) {
  ASSAY_ASSIGN_OR_RETURN(
      const Plan plan,
      MakePlan(graph, store, PrecisionFor(graph, settled), settled.batch));
  ASSAY_ASSIGN_OR_RETURN(
      std::unique_ptr<PlanSystem> system,
      PlanSystem::Make(host->options().device, plan, settled.threads));
  ASSAY_ASSIGN_OR_RETURN(const std::unique_ptr<BatchSource> source,
                         ScoringSource(host, nullptr, settled.batch));
  const int64_t batches = std::min(kBatches, source->batch_count());
  ASSAY_RETURN_IF_ERROR(system->LoadBatches(*source, batches));
  return system;
}

ScenarioSettings SettingsFor(const Settled& settled, int64_t samples) {
  ScenarioSettings settings;
  settings.scenario =
      settled.batch == 1 ? Scenario::kSingleStream : Scenario::kMultiStream;
  settings.data_samples = samples;
  settings.samples_per_query = settled.batch;
  settings.min_queries = kLeastQueries;
  settings.min_seconds = settled.seconds;
  settings.max_seconds = std::max(settled.seconds, 60.0);
  settings.warm_up_queries = 3;
  settings.warm_up_seconds = settled.seconds / 10;
  settings.warm_up_most_seconds = settled.seconds;
  return settings;
}

}  // namespace

assay_status* Latency(assay_host* host, const assay_graph* const* graphs,
                      const assay_parameters* const* sets, size_t count,
                      const assay_latency_options* options,
                      assay_latency* const* out) {
  return ServeRun(host, "cost.latency", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(const Settled settled, Settle(options));
    if (count == 0) return absl::OkStatus();
    if (graphs == nullptr || sets == nullptr || out == nullptr) {
      return absl::InvalidArgumentError("cost.latency: an array is null");
    }
    std::vector<std::unique_ptr<PlanSystem>> systems;
    std::vector<Variant> variants;
    for (size_t i = 0; i < count; ++i) {
      ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graphs[i]));
      ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, ReadableSet(host, sets[i]));
      ASSAY_ASSIGN_OR_RETURN(std::unique_ptr<PlanSystem> system,
                             MakeSystem(host, g->graph, s->store, settled));
      variants.push_back({absl::StrCat("network ", i), system.get()});
      systems.push_back(std::move(system));
    }
    ASSAY_ASSIGN_OR_RETURN(
        const SessionTimings timings,
        RunScenario(SettingsFor(settled, systems[0]->samples()), variants,
                    MonotonicClock()));
    for (size_t i = 0; i < count; ++i) {
      FillLatency(timings.variants[i].latency_ns, settled.threads, out[i]);
    }
    return absl::OkStatus();
  });
}

}  // namespace assay
