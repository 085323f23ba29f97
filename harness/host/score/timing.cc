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
#include "harness/host/score/decode_system.h"
#include "harness/host/score/flow.h"
#include "harness/host/score/materialisation.h"
#include "harness/host/score/plan.h"
#include "harness/host/score/plan_tuner.h"
#include "harness/host/score/session_settings.h"
#include "harness/host/session_plan.h"
#include "harness/measure/clock.h"
#include "harness/measure/energy/energy_session.h"
#include "harness/measure/energy/meter.h"
#include "harness/measure/machine/machine_info.h"
#include "harness/measure/machine/machine_state.h"
#include "harness/measure/machine/machine_verdict.h"
#include "harness/measure/memory/memory.h"
#include "harness/measure/scenario/cache_eviction.h"
#include "harness/measure/scenario/scenario.h"
#include "harness/measure/scenario/timer.h"
#include "harness/measure/system_files.h"
#include "harness/report/check.h"
#include "harness/report/record/energy_record.h"
#include "harness/report/record/latency_record.h"
#include "harness/report/record/machine_record.h"

namespace assay {
namespace {

// A variant of a session: a network in one precision on one device.
struct Entry {
  size_t network;
  size_t device;
  std::string precision;
  std::unique_ptr<TimedSystem> system;
  ChosenPlan chosen;
};

// The prompt and what is written behind it.
absl::StatusOr<std::unique_ptr<TimedSystem>> MakeDecoding(
    const TimedNetwork& network, Device* device, const std::string& precision,
    bool prefill, const MeasureSpec& measure, const PlanSettings& settings,
    DecodeSystemOptions* settled) {
  if (network.dynamic != nullptr) {
    return absl::UnavailableError(
        "decoding with a cache takes a network without control flow");
  }
  DecodeSystemOptions decode;
  decode.precision = precision;
  decode.lowering = settings.lowering;
  decode.prefill = prefill;
  decode.threads = settings.threads;
  decode.prompt = measure.prompt_tokens();
  if (measure.new_tokens() > 0) decode.new_tokens = measure.new_tokens();
  ASSAY_ASSIGN_OR_RETURN(
      std::unique_ptr<DecodeSystem> system,
      DecodeSystem::Make(device, *network.graph, *network.parameters, decode));
  *settled = system->options();
  return system;
}

// In memory, without samples. UNIMPLEMENTED: the device cannot run it.
absl::StatusOr<std::unique_ptr<TimedSystem>> MakeSystem(
    const TimedNetwork& network, Device* device, const std::string& precision,
    int64_t batch, const PlanSettings& settings) {
  if (network.dynamic != nullptr) {
    return MakeFlowSystem(
        device, {network.dynamic, network.graph, network.parameters}, precision,
        batch, settings.threads, settings.lowering);
  }
  ASSAY_ASSIGN_OR_RETURN(
      const Plan plan, MakePlan(*network.graph, *network.parameters, precision,
                                batch, settings.lowering));
  return PlanSystem::Make(device, plan, settings.threads);
}

// Reads the meters at the borders of a block, and looks at the machine after
// it.
class BlockWatch final : public BlockObserver {
 public:
  // `energy` may be null.
  BlockWatch(EnergySession* energy, MachineWatch* machine)
      : energy_(energy), machine_(machine) {}
  absl::Status BeforeBlock(size_t variant) override {
    return energy_ != nullptr ? energy_->BeforeBlock(variant)
                              : absl::OkStatus();
  }
  absl::Status AfterBlock(size_t variant, int64_t samples) override {
    if (energy_ != nullptr) {
      ASSAY_RETURN_IF_ERROR(energy_->AfterBlock(variant, samples));
    }
    machine_->Sample();
    return absl::OkStatus();
  }

 private:
  EnergySession* energy_;
  MachineWatch* machine_;
};

// What all sessions of a run share.
struct Bench {
  const Task& task;
  absl::Span<const TimedDevice> devices;
  absl::Span<const TimedNetwork> networks;
  const TimingOptions& options;
  TimerQuality timer;
  absl::StatusOr<int64_t> bytes_to_evict;
  MachineWatch* watch;
  PlanTuner* tuner;
  PhaseTimer* phases;
};

class TimedSession {
 public:
  TimedSession(const Bench& bench, const SessionPlan& plan)
      : bench_(bench),
        plan_(plan),
        settings_(SettingsOf(bench.options.measure, plan, bench.options.seed)) {
  }

  absl::Status Prepare() {
    if (plan_.cold && bench_.bytes_to_evict.ok()) {
      evictor_.emplace(*bench_.bytes_to_evict);
      settings_.evict = [this] { evictor_->Evict(); };
    }
    for (size_t i = 0; i < bench_.networks.size(); ++i) {
      for (const std::string& precision :
           PrecisionsOf(*bench_.networks[i].graph, bench_.options.measure)) {
        for (size_t d = 0; d < bench_.devices.size(); ++d) {
          ASSAY_RETURN_IF_ERROR(Add(i, d, precision));
        }
      }
    }
    return absl::OkStatus();
  }

  // Opens the meters and measures idle power, where there are meters.
  void BeginEnergy() {
    if (evictor_.has_value() || entries_.empty()) return;
    meters_ = OpenMeters(bench_.options.meters);
    energy_.emplace(absl::MakeSpan(meters_), entries_.size(), MonotonicClock());
    energy_->Begin();
    const double error = bench_.options.measure.energy_error();
    if (error <= 0.0) return;
    limits_.most_error = error;
    settings_.least_busy_seconds =
        energy_->SecondsForError(error, 2 * settings_.rounds);
  }
  void EndEnergy() {
    if (energy_.has_value()) energy_->End();
  }

  absl::Status Run() {
    if (entries_.empty()) return absl::OkStatus();
    std::vector<Variant> variants;
    settings_.data_samples = entries_[0].system->samples();
    for (const Entry& entry : entries_) {
      variants.push_back({NameOf(entry), entry.system.get()});
    }
    std::optional<Progress> bar;
    settings_.progress = [&](int64_t done, int64_t blocks) {
      if (!bar.has_value()) {
        bar.emplace(absl::StrCat("time ", ScenarioName(plan_.scenario),
                                 ", batch ", plan_.batch),
                    blocks, "blocks");
      }
      bar->Update(done);
    };
    BlockWatch observer(energy_.has_value() ? &*energy_ : nullptr,
                        bench_.watch);
    ASSAY_ASSIGN_OR_RETURN(timings_, RunScenario(settings_, variants,
                                                 MonotonicClock(), &observer));
    return absl::OkStatus();
  }

  void Record() const {
    for (size_t v = 0; v < entries_.size(); ++v) {
      CandidateRecord* record = bench_.networks[entries_[v].network].record;
      LatencyRecord* latency = record->add_latency();
      *latency =
          MakeLatencyRecord(settings_, timings_, v, OptionsOf(entries_[v]));
      if (entries_[v].chosen.record.has_value()) {
        *latency->mutable_tuning() = *entries_[v].chosen.record;
      }
      AddEnergy(v, latency);
      if (Decodes()) {
        AddTokens(latency);
      } else {
        *latency->add_energy_estimates() =
            MakeEnergyEstimate(record->cost(), plan_.batch);
      }
      if (entries_[v].network != 0) AddGains(v, record);
    }
  }

 private:
  std::string NameOf(const Entry& entry) const {
    const std::string name = absl::StrCat(
        bench_.networks[entry.network].record->name(), "/", entry.precision);
    return entry.device == 0 ? name : absl::StrCat(name, "@", BackendOf(entry));
  }

  // Empty for the run's own.
  std::string BackendOf(const Entry& entry) const {
    return entry.device == 0 ? "" : bench_.devices[entry.device].backend;
  }

  LatencyOptions OptionsOf(const Entry& entry) const {
    LatencyOptions options;
    options.precision = entry.precision;
    options.batch = static_cast<uint32_t>(plan_.batch);
    options.threads = static_cast<uint32_t>(entry.chosen.settings.threads);
    options.backend = BackendOf(entry);
    options.evicted_bytes = evictor_.has_value() ? evictor_->bytes() : 0;
    options.timer = bench_.timer;
    options.latency_bound_ns = bench_.options.measure.latency_bound_ns();
    return options;
  }

  absl::StatusOr<std::unique_ptr<TimedSystem>> Make(
      const TimedNetwork& network, const std::string& precision,
      const PlanSettings& settings, Device* device) {
    if (!Decodes()) {
      return MakeSystem(network, device, precision, plan_.batch, settings);
    }
    return MakeDecoding(network, device, precision,
                        plan_.scenario == Scenario::kPrefill,
                        bench_.options.measure, settings, &decode_);
  }

  absl::StatusOr<ChosenPlan> Choose(const TimedNetwork& network, size_t device,
                                    const std::string& precision) {
    const TimedDevice& on = bench_.devices[device];
    PlanToTune plan = {device == 0 ? "" : on.backend, on.device, precision,
                       plan_.batch};
    if (Decodes()) {
      plan.writes = plan_.scenario == Scenario::kPrefill ? "prefill" : "decode";
    }
    if (network.dynamic != nullptr || Decodes()) {
      plan.make = [&](const PlanSettings& settings, Device* made_for) {
        return Make(network, precision, settings, made_for);
      };
    }
    std::optional<PhaseTimer::Scope> measuring;
    const std::string& mode = bench_.options.measure.tune();
    if (!mode.empty() && mode != "off") {
      measuring.emplace(bench_.phases, "tune plans", PhaseRecord::TIMING);
    }
    return bench_.tuner->Choose(
        {network.record->name(), network.record->artifact().sha256(),
         network.graph, network.parameters},
        plan);
  }

  absl::Status Add(size_t network, size_t device,
                   const std::string& precision) {
    const TimedNetwork& timed = bench_.networks[network];
    const auto unavailable = [&](const absl::Status& why) {
      AddUnavailable({network, device, precision, nullptr, {}}, why,
                     timed.record);
      return absl::OkStatus();
    };
    if (plan_.cold && !evictor_.has_value()) {
      return unavailable(bench_.bytes_to_evict.status());
    }
    auto chosen = Choose(timed, device, precision);
    if (absl::IsUnimplemented(chosen.status()) ||
        absl::IsUnavailable(chosen.status())) {
      return unavailable(chosen.status());
    }
    ASSAY_RETURN_IF_ERROR(chosen.status());
    auto system = Make(timed, precision, chosen->settings, chosen->device);
    if (absl::IsUnimplemented(system.status()) ||
        absl::IsUnavailable(system.status())) {
      return unavailable(system.status());
    }
    ASSAY_RETURN_IF_ERROR(system.status());
    const std::unique_ptr<BatchSource> source =
        bench_.task.EvaluationBatches(Split::kTest, plan_.batch);
    ASSAY_RETURN_IF_ERROR((*system)->LoadBatches(
        *source, std::min(kBatchesInMemory, source->batch_count())));
    entries_.push_back(
        {network, device, precision, *std::move(system), *std::move(chosen)});
    return absl::OkStatus();
  }

  bool Decodes() const {
    return plan_.scenario == Scenario::kPrefill ||
           plan_.scenario == Scenario::kDecode;
  }

  void AddTokens(LatencyRecord* latency) const {
    const bool prefill = plan_.scenario == Scenario::kPrefill;
    latency->set_prompt_tokens(static_cast<uint32_t>(decode_.prompt));
    latency->set_new_tokens(
        static_cast<uint32_t>(prefill ? 1 : decode_.new_tokens));
    for (const PercentileRecord& median : latency->percentiles()) {
      if (median.fraction() != 0.5) continue;
      latency->set_median_token_ns(
          median.estimate_ns() /
          static_cast<double>(prefill ? decode_.prompt : decode_.new_tokens));
    }
  }

  void AddUnavailable(const Entry& entry, const absl::Status& why,
                      CandidateRecord* record) const {
    LatencyRecord* latency = record->add_latency();
    latency->set_scenario(ScenarioOf(plan_.scenario));
    latency->set_precision(entry.precision);
    latency->set_batch(static_cast<uint32_t>(plan_.batch));
    latency->set_threads(static_cast<uint32_t>(bench_.options.threads));
    latency->set_backend(BackendOf(entry));
    latency->set_caches(plan_.cold ? LatencyRecord::COLD : LatencyRecord::HOT);
    *latency->mutable_availability() =
        MakeAvailability(Availability::UNAVAILABLE, why.message());
  }

  void AddEnergy(size_t variant, LatencyRecord* latency) const {
    if (!energy_.has_value()) {
      EnergyRecord* none = latency->add_energy();
      *none->mutable_availability() = MakeAvailability(
          Availability::NOT_APPLICABLE,
          "with cold caches a meter would count the eviction as well");
      *none->mutable_net_availability() = none->availability();
      return;
    }
    for (EnergyRecord& record : MakeEnergyRecords(energy_->Totals(variant),
                                                  limits_, timings_.start_ns)) {
      *latency->add_energy() = std::move(record);
    }
  }

  // Against the dense network on the same device, in f32 and in the same
  // precision.
  void AddGains(size_t candidate, CandidateRecord* record) const {
    const Entry& own = entries_[candidate];
    for (size_t v = 0; v < entries_.size(); ++v) {
      const Entry& other = entries_[v];
      if (other.network != 0 || other.device != own.device) continue;
      if (other.precision != "f32" && other.precision != own.precision) {
        continue;
      }
      GainRecord* gain = record->add_gains();
      *gain = MakeGainRecord(settings_, timings_, v, candidate,
                             bench_.networks[0].record->cost(), record->cost(),
                             OptionsOf(own));
      gain->set_against_precision(other.precision);
    }
  }

  const Bench& bench_;
  const SessionPlan plan_;
  ScenarioSettings settings_;
  std::optional<CacheEvictor> evictor_;
  std::vector<Entry> entries_;
  DecodeSystemOptions decode_;  // the same of all entries
  std::vector<MeterSource> meters_;
  EnergyLimits limits_;
  std::optional<EnergySession> energy_;
  SessionTimings timings_;
};

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

absl::Status TimeNetworks(const Task& task,
                          absl::Span<const TimedDevice> devices,
                          absl::Span<const TimedNetwork> networks,
                          const TimingOptions& options, PhaseTimer* phases,
                          MachineRecord* machine) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<SessionPlan> plans,
                         PlanSessions(options.measure));
  const SystemFiles files;
  const MachineInfo info = ReadMachineInfo(files);
  const MachineState before = ReadMachineState(files);
  const absl::Time before_when = absl::Now();
  MachineWatch watch(files, MonotonicClock());
  PlanTuner tuner(task, MonotonicClock(),
                  {options.measure.tune(), options.tuned, options.threads,
                   options.cache_dir, options.machine, options.program});
  const Bench bench = {task,
                       devices,
                       networks,
                       options,
                       MeasureTimer(MonotonicClock()),
                       BytesToEvict(info.cpu.caches),
                       &watch,
                       &tuner,
                       phases};
  for (const SessionPlan& plan : plans) {
    TimedSession session(bench, plan);
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
  std::optional<Plan> plan;
  if (network.dynamic == nullptr) {
    ASSAY_ASSIGN_OR_RETURN(
        plan, MakePlan(*network.graph, *network.parameters, precision, 1));
  }
  const absl::Status reset = ResetPeakMemory(files);
  ASSAY_ASSIGN_OR_RETURN(const MemoryUse before, ReadMemoryUse(files));
  absl::StatusOr<std::unique_ptr<TimedSystem>> system;
  if (plan.has_value()) {
    system = PlanSystem::Make(device, *plan, threads);
  } else {
    system = MakeSystem(network, device, precision, 1, {{}, threads, {}});
  }
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
