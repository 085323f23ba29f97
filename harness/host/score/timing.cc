#include "harness/host/score/timing.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "harness/core/progress.h"
#include "harness/core/status_macros.h"
#include "harness/host/run_setup.h"
#include "harness/host/score/materialisation.h"
#include "harness/host/score/plan.h"
#include "harness/measure/clock.h"
#include "harness/measure/energy/energy_session.h"
#include "harness/measure/energy/meter.h"
#include "harness/measure/machine/machine_info.h"
#include "harness/measure/machine/machine_state.h"
#include "harness/measure/machine/machine_verdict.h"
#include "harness/measure/memory/memory.h"
#include "harness/measure/scenario/scenario.h"
#include "harness/measure/system_files.h"
#include "harness/report/check.h"
#include "harness/report/record/energy_record.h"
#include "harness/report/record/latency_record.h"
#include "harness/report/record/machine_record.h"

namespace assay {
namespace {

// Batches in memory for the queries to choose from.
constexpr int64_t kBatches = 8;
// Enough that the 99th percentile has a bound with 99 % confidence.
constexpr int64_t kQueries = 662;
constexpr double kSeconds = 10;

ScenarioSettings SettingsOf(const MeasureSpec& measure, int64_t batch,
                            uint64_t seed) {
  ScenarioSettings settings;
  settings.scenario =
      batch == 1 ? Scenario::kSingleStream : Scenario::kMultiStream;
  settings.seed = seed;
  settings.stop = StopOnTerminate();
  settings.samples_per_query = batch;
  settings.min_queries = measure.queries() > 0 ? measure.queries() : kQueries;
  settings.max_seconds = measure.seconds() > 0 ? measure.seconds() : kSeconds;
  return settings;
}

// A variant of a session: a network in one precision.
struct Entry {
  size_t network;
  std::string precision;
  std::unique_ptr<PlanSystem> system;
};

class TimedSession {
 public:
  TimedSession(const Task& task, Device* device,
               absl::Span<const TimedNetwork> networks,
               const MeasureSpec& measure, int64_t batch, uint64_t seed,
               int threads)
      : task_(task),
        device_(device),
        networks_(networks),
        measure_(measure),
        batch_(batch),
        threads_(threads),
        settings_(SettingsOf(measure, batch, seed)) {}

  absl::Status Prepare() {
    for (size_t i = 0; i < networks_.size(); ++i) {
      for (const std::string& precision :
           PrecisionsOf(*networks_[i].graph, measure_)) {
        ASSAY_RETURN_IF_ERROR(Add(i, precision));
      }
    }
    return absl::OkStatus();
  }

  // Opens the meters and measures idle power, where there are meters.
  void BeginEnergy() {
    meters_ = OpenMeters();
    energy_.emplace(absl::MakeSpan(meters_), entries_.size(), MonotonicClock());
    energy_->Begin();
  }
  void EndEnergy() { energy_->End(); }

  absl::Status Run() {
    if (entries_.empty()) return absl::OkStatus();
    std::vector<Variant> variants;
    settings_.data_samples = entries_[0].system->samples();
    for (const Entry& entry : entries_) {
      variants.push_back({absl::StrCat(networks_[entry.network].record->name(),
                                       "/", entry.precision),
                          entry.system.get()});
    }
    std::optional<Progress> bar;
    settings_.progress = [&](int64_t done, int64_t blocks) {
      if (!bar.has_value()) {
        bar.emplace(absl::StrCat("time, batch ", batch_), blocks, "blocks");
      }
      bar->Update(done);
    };
    ASSAY_ASSIGN_OR_RETURN(timings_, RunScenario(settings_, variants,
                                                 MonotonicClock(), &*energy_));
    return absl::OkStatus();
  }

  void Record() const {
    for (size_t v = 0; v < entries_.size(); ++v) {
      CandidateRecord* record = networks_[entries_[v].network].record;
      LatencyRecord* latency = record->add_latency();
      *latency =
          MakeLatencyRecord(settings_, timings_, v, OptionsOf(entries_[v]));
      for (const EnergyTotals& totals : energy_->Totals(v)) {
        *latency->add_energy() = MakeEnergyRecord(totals);
      }
      if (entries_[v].network != 0) AddGains(v, record);
    }
  }

 private:
  LatencyOptions OptionsOf(const Entry& entry) const {
    LatencyOptions options;
    options.precision = entry.precision;
    options.batch = static_cast<uint32_t>(batch_);
    options.threads = static_cast<uint32_t>(threads_);
    return options;
  }

  absl::Status Add(size_t network, const std::string& precision) {
    const TimedNetwork& timed = networks_[network];
    ASSAY_ASSIGN_OR_RETURN(
        const Plan plan,
        MakePlan(*timed.graph, *timed.parameters, precision, batch_));
    auto system = PlanSystem::Make(device_, plan, threads_);
    if (absl::IsUnimplemented(system.status())) {
      AddUnavailable(precision, system.status(), timed.record);
      return absl::OkStatus();
    }
    ASSAY_RETURN_IF_ERROR(system.status());
    const std::unique_ptr<BatchSource> source =
        task_.EvaluationBatches(Split::kTest, batch_);
    ASSAY_RETURN_IF_ERROR((*system)->LoadBatches(
        *source, std::min(kBatches, source->batch_count())));
    entries_.push_back({network, precision, *std::move(system)});
    return absl::OkStatus();
  }

  void AddUnavailable(const std::string& precision, const absl::Status& why,
                      CandidateRecord* record) const {
    LatencyRecord* latency = record->add_latency();
    latency->set_scenario(batch_ == 1 ? LatencyRecord::SINGLE_STREAM
                                      : LatencyRecord::MULTI_STREAM);
    latency->set_precision(precision);
    latency->set_batch(static_cast<uint32_t>(batch_));
    latency->set_threads(static_cast<uint32_t>(threads_));
    *latency->mutable_availability() =
        MakeAvailability(Availability::UNAVAILABLE, why.message());
  }

  // Against the dense network in f32, and in the same precision.
  void AddGains(size_t candidate, CandidateRecord* record) const {
    const LatencyOptions options = OptionsOf(entries_[candidate]);
    for (size_t v = 0; v < entries_.size(); ++v) {
      const bool comparable =
          entries_[v].network == 0 &&
          (entries_[v].precision == "f32" ||
           entries_[v].precision == entries_[candidate].precision);
      if (!comparable) continue;
      GainRecord* gain = record->add_gains();
      *gain =
          MakeGainRecord(settings_, timings_, v, candidate,
                         networks_[0].record->cost(), record->cost(), options);
      gain->set_against_precision(entries_[v].precision);
    }
  }

  const Task& task_;
  Device* device_;
  absl::Span<const TimedNetwork> networks_;
  const MeasureSpec& measure_;
  const int64_t batch_;
  const int threads_;
  ScenarioSettings settings_;
  std::vector<Entry> entries_;
  std::vector<MeterSource> meters_;
  std::optional<EnergySession> energy_;
  SessionTimings timings_;
};

std::vector<int64_t> BatchesOf(const MeasureSpec& measure) {
  std::vector<int64_t> batches(measure.batch_sizes().begin(),
                               measure.batch_sizes().end());
  if (batches.empty()) batches.push_back(1);
  return batches;
}

}  // namespace

std::vector<std::string> PrecisionsOf(const Graph& graph,
                                      const MeasureSpec& measure) {
  std::vector<std::string> asked(measure.precisions().begin(),
                                 measure.precisions().end());
  if (asked.empty()) asked = {"f32", "int8"};
  const bool quantized = IsQuantized(graph);
  std::vector<std::string> apply;
  for (const std::string& precision : asked) {
    if ((precision == "int8") == quantized) apply.push_back(precision);
  }
  return apply;
}

absl::Status TimeNetworks(const Task& task, Device* device,
                          absl::Span<const TimedNetwork> networks,
                          const MeasureSpec& measure, uint64_t seed,
                          int threads, PhaseTimer* phases,
                          MachineRecord* machine) {
  const SystemFiles files;
  const MachineInfo info = ReadMachineInfo(files);
  const MachineState before = ReadMachineState(files);
  const absl::Time before_when = absl::Now();
  const MachineWatch watch(files, MonotonicClock());
  for (const int64_t batch : BatchesOf(measure)) {
    TimedSession session(task, device, networks, measure, batch, seed, threads);
    {
      const PhaseTimer::Scope scope(phases, "compile plans",
                                    PhaseRecord::HARNESS);
      ASSAY_RETURN_IF_ERROR(session.Prepare());
    }
    {
      const PhaseTimer::Scope scope(phases, "idle power", PhaseRecord::HARNESS);
      session.BeginEnergy();
    }
    {
      const PhaseTimer::Scope scope(phases, "time", PhaseRecord::TIMING);
      ASSAY_RETURN_IF_ERROR(session.Run());
    }
    {
      const PhaseTimer::Scope scope(phases, "idle power", PhaseRecord::HARNESS);
      session.EndEnergy();
    }
    const PhaseTimer::Scope scope(phases, "latency statistics",
                                  PhaseRecord::HARNESS);
    session.Record();
  }
  const MachineUse during = watch.Finish();
  const MachineState after = ReadMachineState(files);
  *machine = MakeMachineRecord(before, before_when, during, after, absl::Now(),
                               JudgeMachine(info, before, during, after));
  return absl::OkStatus();
}

absl::Status MeasureMemory(const Task& task, Device* device, int threads,
                           const TimedNetwork& network) {
  const std::string precision = IsQuantized(*network.graph) ? "int8" : "f32";
  const SystemFiles files;
  MemoryRecord* record = network.record->mutable_memory();
  *record->mutable_device_availability() = MakeAvailability(
      Availability::NOT_APPLICABLE, "the device's memory is the host's");
  ASSAY_ASSIGN_OR_RETURN(
      const Plan plan,
      MakePlan(*network.graph, *network.parameters, precision, 1));
  const absl::Status reset = ResetPeakMemory(files);
  ASSAY_ASSIGN_OR_RETURN(const MemoryUse before, ReadMemoryUse(files));
  auto system = PlanSystem::Make(device, plan, threads);
  if (absl::IsUnimplemented(system.status())) {
    *record->mutable_availability() =
        MakeAvailability(Availability::UNAVAILABLE, system.status().message());
    return absl::OkStatus();
  }
  ASSAY_RETURN_IF_ERROR(system.status());
  const std::unique_ptr<BatchSource> source =
      task.EvaluationBatches(Split::kTest, 1);
  ASSAY_RETURN_IF_ERROR((*system)->LoadBatches(*source, 1));
  ASSAY_RETURN_IF_ERROR((*system)->Answer({0}));
  ASSAY_ASSIGN_OR_RETURN(const MemoryUse after, ReadMemoryUse(files));
  record->set_rss_before_bytes(static_cast<uint64_t>(before.resident_bytes));
  record->set_peak_rss_bytes(static_cast<uint64_t>(after.peak_bytes));
  record->set_plan_bytes(static_cast<uint64_t>((*system)->bytes()));
  *record->mutable_availability() =
      reset.ok()
          ? MakeAvailability(Availability::MEASURED)
          : MakeAvailability(Availability::REFUSED,
                             absl::StrCat("the peak is the whole process's: ",
                                          reset.message()));
  return absl::OkStatus();
}

}  // namespace assay
