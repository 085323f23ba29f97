#include "harness/host/services/latency.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/descriptive.h"
#include "harness/core/status_macros.h"
#include "harness/dynamic/side_by_side.h"
#include "harness/host/run_setup.h"
#include "harness/host/score/flow.h"
#include "harness/host/score/materialisation.h"
#include "harness/host/score/plan.h"
#include "harness/host/services/dynamic_network.h"
#include "harness/host/services/graph_access.h"
#include "harness/host/services/parts.h"
#include "harness/measure/clock.h"
#include "harness/measure/scenario/scenario.h"

namespace assay {
namespace {

constexpr double kSeconds = 0.2;
constexpr int64_t kLeastQueries = 32;
constexpr int64_t kBatches = 4;  // in memory, to choose from
// So many where samples take ways of their own.
constexpr int64_t kPathBatches = 256;

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
                         Receive(given, defaults, "latency options"));
  Settled settled;
  const int most = UsableThreads();
  settled.threads = raw.threads == ASSAY_UNSET ? most : raw.threads;
  if (settled.threads < 1 || settled.threads > most) {
    return absl::InvalidArgumentError(absl::StrCat(
        "latency: threads: expected 1 to ", most, ", got ", settled.threads));
  }
  settled.batch = raw.batch == ASSAY_UNSET ? 1 : raw.batch;
  if (settled.batch < 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "latency: batch: expected 1 or more, got ", settled.batch));
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

absl::StatusOr<std::unique_ptr<TimedSystem>> MakeSystem(
    assay_host* host, const Graph& graph, const ParameterStore& store,
    const Settled& settled) {
  ASSAY_ASSIGN_OR_RETURN(
      const Plan plan,
      MakePlan(graph, store, PrecisionFor(graph, settled), settled.batch));
  return PlanSystem::Make(host->options().device, plan, settled.threads);
}

absl::StatusOr<std::unique_ptr<TimedSystem>> MakeSystem(
    assay_host* host, const DynamicGraph& graph, const ParameterStore& store,
    const Settled& settled) {
  ASSAY_ASSIGN_OR_RETURN(const Graph pieces, SideBySide(graph));
  return MakeFlowSystem(host->options().device, {&graph, &pieces, &store},
                        PrecisionFor(pieces, settled), settled.batch,
                        settled.threads);
}

absl::Status LoadSamples(assay_host* host, const Settled& settled,
                         int64_t most_batches, TimedSystem* system) {
  ASSAY_ASSIGN_OR_RETURN(const std::unique_ptr<BatchSource> source,
                         ScoringSource(host, nullptr, settled.batch));
  return system->LoadBatches(*source,
                             std::min(most_batches, source->batch_count()));
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

// `make(i)` gives the system of network i.
template <typename Make>
absl::Status TimeAll(assay_host* host, const Settled& settled,
                     int64_t most_batches, size_t count, Make make,
                     assay_latency* const* out) {
  std::vector<std::unique_ptr<TimedSystem>> systems;
  std::vector<Variant> variants;
  for (size_t i = 0; i < count; ++i) {
    ASSAY_ASSIGN_OR_RETURN(std::unique_ptr<TimedSystem> system, make(i));
    ASSAY_RETURN_IF_ERROR(
        LoadSamples(host, settled, most_batches, system.get()));
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
}

template <typename Network, typename Find>
assay_status* ServeLatency(assay_host* host, const char* function,
                           const Network* const* networks,
                           const assay_parameters* const* sets, size_t count,
                           const assay_latency_options* options,
                           int64_t most_batches, Find find,
                           assay_latency* const* out) {
  return ServeRun(host, function, [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(const Settled settled, Settle(options));
    if (count == 0) return absl::OkStatus();
    if (networks == nullptr || sets == nullptr || out == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat(function, ": an array is null"));
    }
    const auto make =
        [&](size_t i) -> absl::StatusOr<std::unique_ptr<TimedSystem>> {
      ASSAY_ASSIGN_OR_RETURN(auto* const network, find(networks[i]));
      ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, ReadableSet(host, sets[i]));
      return MakeSystem(host, network->graph, s->store, settled);
    };
    return TimeAll(host, settled, most_batches, count, make, out);
  });
}

}  // namespace

assay_status* Latency(assay_host* host, const assay_graph* const* graphs,
                      const assay_parameters* const* sets, size_t count,
                      const assay_latency_options* options,
                      assay_latency* const* out) {
  return ServeLatency(
      host, "cost.latency", graphs, sets, count, options, kBatches,
      [host](const assay_graph* g) { return ReadableGraph(host, g); }, out);
}

assay_status* DynamicLatency(assay_host* host,
                             const assay_dynamic* const* networks,
                             const assay_parameters* const* sets,
                             uint64_t count,
                             const assay_latency_options* options,
                             assay_latency* const* out) {
  return ServeLatency(
      host, "dynamic.latency", networks, sets, static_cast<size_t>(count),
      options, kPathBatches,
      [host](const assay_dynamic* d) { return FinishedDynamic(host, d); }, out);
}

}  // namespace assay
