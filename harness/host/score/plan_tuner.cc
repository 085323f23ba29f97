#include "harness/host/score/plan_tuner.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/text_format.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/core/file.h"
#include "harness/core/hash.h"
#include "harness/core/status_macros.h"
#include "harness/host/score/plan.h"
#include "harness/host/text_proto.h"
#include "harness/host/tuned_plans.h"

namespace assay {
namespace {

constexpr double kQuickSeconds = 2, kFullSeconds = 20;
constexpr int64_t kQuickRounds = 15, kFullRounds = 101;

// Answers the first samples of the test split.
class SystemVariant : public TunedVariant {
 public:
  SystemVariant(const Task& task, int64_t batch, std::string key)
      : task_(task), batch_(batch), key_(std::move(key)) {}

  std::string Key() const override { return key_; }

  absl::Status Prepare() override {
    ASSAY_RETURN_IF_ERROR(Compile(&system_));
    const std::unique_ptr<BatchSource> source =
        task_.EvaluationBatches(Split::kTest, batch_);
    return system_->LoadBatches(*source, 1);
  }

  absl::Status Run() override { return system_->Answer({0}); }

 private:
  virtual absl::Status Compile(std::unique_ptr<TimedSystem>* system) = 0;

  const Task& task_;
  const int64_t batch_;
  const std::string key_;
  std::unique_ptr<TimedSystem> system_;
};

// One plan, compiled when it is known to be another.
class PlanVariant final : public SystemVariant {
 public:
  PlanVariant(const Task& task, const PlanToTune& plan, std::string key,
              Device* device, int threads, Plan lowered)
      : SystemVariant(task, plan.batch, std::move(key)),
        device_(device),
        threads_(threads),
        plan_(std::move(lowered)) {}

 private:
  absl::Status Compile(std::unique_ptr<TimedSystem>* system) override {
    ASSAY_ASSIGN_OR_RETURN(*system, PlanSystem::Make(device_, plan_, threads_));
    return absl::OkStatus();
  }

  Device* device_;
  int threads_;
  Plan plan_;
};

// Several, whose form shows when they are compiled.
class MadeVariant final : public SystemVariant {
 public:
  MadeVariant(const Task& task, const PlanToTune& plan, std::string key,
              std::unique_ptr<TimedSystem> made)
      : SystemVariant(task, plan.batch, std::move(key)),
        made_(std::move(made)) {}

 private:
  absl::Status Compile(std::unique_ptr<TimedSystem>* system) override {
    *system = std::move(made_);
    return absl::OkStatus();
  }

  std::unique_ptr<TimedSystem> made_;
};

class PlanMaker final : public VariantMaker {
 public:
  using DeviceFinder = std::function<Device*(const PlanSettings&)>;

  PlanMaker(const Task& task, const NetworkToTune& network,
            const PlanToTune& plan, const PlanSettings& rules,
            DeviceFinder device_for)
      : task_(task),
        network_(network),
        plan_(plan),
        rules_(rules),
        device_for_(std::move(device_for)) {}

  absl::StatusOr<std::unique_ptr<TunedVariant>> Make(
      const Choices& choices) override {
    ASSAY_ASSIGN_OR_RETURN(const PlanSettings settings,
                           WithChoices(rules_, choices));
    Device* device = device_for_(settings);
    // Beside the graphs: the device, which is one for each of its options.
    const auto key = [&](const std::string& form) {
      return absl::StrCat(settings.threads, " ",
                          reinterpret_cast<uintptr_t>(device), "\n", form);
    };
    if (plan_.make != nullptr) {
      ASSAY_ASSIGN_OR_RETURN(std::unique_ptr<TimedSystem> system,
                             plan_.make(settings, device));
      std::string form = key(system->form());
      return std::make_unique<MadeVariant>(task_, plan_, std::move(form),
                                           std::move(system));
    }
    ASSAY_ASSIGN_OR_RETURN(
        Plan lowered,
        MakePlan(*network_.graph, *network_.parameters, plan_.precision,
                 plan_.batch, settings.lowering));
    std::string form = key(FormOf(lowered.graph));
    return std::make_unique<PlanVariant>(task_, plan_, std::move(form), device,
                                         settings.threads, std::move(lowered));
  }

 private:
  const Task& task_;
  const NetworkToTune& network_;
  const PlanToTune& plan_;
  const PlanSettings& rules_;
  DeviceFinder device_for_;
};

void SetChoices(const Choices& choices, TuningRecord* record) {
  for (const auto& [name, value] : choices) {
    KeyValue* row = record->add_choices();
    row->set_key(name);
    row->set_value(value);
  }
}

Choices ChoicesOf(const TuningRecord& record) {
  Choices choices;
  for (const KeyValue& row : record.choices()) {
    choices[row.key()] = row.value();
  }
  return choices;
}

std::string NameOf(const NetworkToTune& network, const PlanToTune& plan) {
  std::vector<std::string> parts = {network.name, plan.backend, plan.precision,
                                    absl::StrCat("batch ", plan.batch)};
  if (!plan.writes.empty()) parts.push_back(plan.writes);
  return absl::StrJoin(parts, ", ");
}

// A record of an earlier run; none where there is no file, or none that this
// program reads.
std::optional<TuningRecord> ReadCached(const std::string& path) {
  const auto text = ReadFile(path);
  TuningRecord record;
  if (!text.ok() || !ParseTextProto(*text, path, &record).ok()) {
    return std::nullopt;
  }
  record.set_cached(true);
  return record;
}

}  // namespace

PlanTuner::PlanTuner(const Task& task, Clock& clock, PlanTunerOptions options)
    : task_(task), clock_(clock), options_(std::move(options)) {}

PlanSettings PlanTuner::RulesOf(const PlanToTune& plan) const {
  PlanSettings rules{{}, options_.threads, {}};
  if (plan.device->description().name != "cpu") return rules;
  rules.cpu.emplace();
  rules.cpu->refuse_unheeded = plan.make == nullptr;
  return rules;
}

Device* PlanTuner::DeviceFor(const PlanSettings& settings,
                             const PlanToTune& plan) {
  if (settings.cpu == RulesOf(plan).cpu) return plan.device;
  for (const auto& [options, device] : devices_) {
    if (options == *settings.cpu) return device.get();
  }
  devices_.emplace_back(*settings.cpu, MakeCpuDevice(*settings.cpu));
  return devices_.back().second.get();
}

absl::StatusOr<ChosenPlan> PlanTuner::Choose(const NetworkToTune& network,
                                             const PlanToTune& plan) {
  ASSAY_RETURN_IF_ERROR(CheckTuning(options_.mode));
  const PlanSettings rules = RulesOf(plan);
  if (options_.mode.empty() || options_.mode == "off") {
    return ChosenPlan{rules, std::nullopt, plan.device};
  }
  const std::string name = NameOf(network, plan);
  if (chosen_.count(name) == 0) {
    ASSAY_ASSIGN_OR_RETURN(chosen_[name], Record(network, plan));
  }
  const TuningRecord& record = chosen_[name];
  ASSAY_ASSIGN_OR_RETURN(PlanSettings settings,
                         WithChoices(rules, ChoicesOf(record)));
  Device* device = DeviceFor(settings, plan);
  return ChosenPlan{std::move(settings), record, device};
}

absl::StatusOr<TuningRecord> PlanTuner::Record(const NetworkToTune& network,
                                               const PlanToTune& plan) {
  if (!options_.replay.empty()) return Replayed(network, plan);
  const std::string path = CacheFile(network, plan);
  if (path.empty()) return Measured(network, plan);
  std::optional<TuningRecord> cached = ReadCached(path);
  if (cached.has_value()) return *std::move(cached);
  ASSAY_ASSIGN_OR_RETURN(TuningRecord record, Measured(network, plan));
  std::string text;
  google::protobuf::TextFormat::PrintToString(record, &text);
  ASSAY_RETURN_IF_ERROR(WriteFileAtomically(path, text));
  return record;
}

absl::StatusOr<TuningRecord> PlanTuner::Replayed(const NetworkToTune& network,
                                                 const PlanToTune& plan) const {
  for (const TunedPlan& old : options_.replay) {
    if (old.network() != network.name || old.backend() != plan.backend ||
        old.precision() != plan.precision || old.batch() != plan.batch ||
        old.writes() != plan.writes) {
      continue;
    }
    TuningRecord record;
    record.set_mode("replay");
    SetChoices({old.choices().begin(), old.choices().end()}, &record);
    return record;
  }
  return absl::NotFoundError(absl::StrCat(
      "tune: the report to replay has no choice for ", NameOf(network, plan)));
}

absl::StatusOr<TuningRecord> PlanTuner::Measured(const NetworkToTune& network,
                                                 const PlanToTune& plan) {
  const bool full = options_.mode == "full";
  TuneLimits limits;
  limits.seconds = full ? kFullSeconds : kQuickSeconds;
  limits.rounds = full ? kFullRounds : kQuickRounds;
  const PlanSettings rules = RulesOf(plan);
  PlanMaker maker(
      task_, network, plan, rules,
      [&](const PlanSettings& settings) { return DeviceFor(settings, plan); });
  ASSAY_ASSIGN_OR_RETURN(const TuneResult result,
                         Tune(PlanAlternatives(rules), maker, clock_, limits));
  TuningRecord record;
  record.set_mode(options_.mode);
  SetChoices(result.choices, &record);
  record.set_seconds(result.seconds);
  record.set_comparisons(static_cast<uint64_t>(result.comparisons));
  for (const std::string& name : result.unmeasured) record.add_unmeasured(name);
  return record;
}

std::string PlanTuner::CacheFile(const NetworkToTune& network,
                                 const PlanToTune& plan) const {
  if (options_.cache_dir.empty() || network.sha256.empty()) return "";
  const DeviceDescription& device = plan.device->description();
  const std::string key = Sha256Hex(absl::StrJoin(
      {options_.machine, options_.program, options_.mode, device.name,
       device.hardware, device.library, network.sha256, plan.precision,
       absl::StrCat(plan.batch), absl::StrCat(options_.threads), plan.writes},
      "\n"));
  return JoinPath(JoinPath(options_.cache_dir, "tune"),
                  absl::StrCat(key, ".textproto"));
}

}  // namespace assay
