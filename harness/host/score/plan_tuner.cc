#include "harness/host/score/plan_tuner.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/text_format.h"
#include "harness/core/file.h"
#include "harness/core/hash.h"
#include "harness/core/status_macros.h"
#include "harness/graph/text.h"
#include "harness/host/score/plan.h"
#include "harness/host/text_proto.h"
#include "harness/host/tuned_plans.h"

namespace assay {
namespace {

constexpr double kQuickSeconds = 2, kFullSeconds = 20;
constexpr int64_t kQuickRounds = 15, kFullRounds = 101;

class PlanVariant final : public TunedVariant {
 public:
  static absl::StatusOr<std::unique_ptr<TunedVariant>> Make(
      const Task& task, const NetworkToTune& network, const PlanToTune& plan,
      const PlanSettings& settings) {
    ASSAY_ASSIGN_OR_RETURN(
        Plan lowered, MakePlan(*network.graph, *network.parameters,
                               plan.precision, plan.batch, settings.lowering));
    return std::unique_ptr<TunedVariant>(
        new PlanVariant(task, plan, settings.threads, std::move(lowered)));
  }

  std::string Key() const override { return key_; }

  absl::Status Prepare() override {
    ASSAY_ASSIGN_OR_RETURN(system_, PlanSystem::Make(device_, plan_, threads_));
    const std::unique_ptr<BatchSource> source =
        task_.EvaluationBatches(Split::kTest, batch_);
    return system_->LoadBatches(*source, 1);
  }

  absl::Status Run() override { return system_->Answer({0}); }

 private:
  PlanVariant(const Task& task, const PlanToTune& plan, int threads,
              Plan lowered)
      : task_(task),
        device_(plan.device),
        batch_(plan.batch),
        threads_(threads),
        plan_(std::move(lowered)) {
    ParameterStore constants;  // the text without them is short
    key_ = absl::StrCat(threads, "\n", ToText(plan_.graph, &constants));
  }

  const Task& task_;
  Device* device_;
  int64_t batch_;
  int threads_;
  Plan plan_;
  std::string key_;
  std::unique_ptr<PlanSystem> system_;
};

class PlanMaker final : public VariantMaker {
 public:
  PlanMaker(const Task& task, const NetworkToTune& network,
            const PlanToTune& plan, const PlanSettings& rules)
      : task_(task), network_(network), plan_(plan), rules_(rules) {}

  absl::StatusOr<std::unique_ptr<TunedVariant>> Make(
      const Choices& choices) override {
    ASSAY_ASSIGN_OR_RETURN(const PlanSettings settings,
                           WithChoices(rules_, choices));
    return PlanVariant::Make(task_, network_, plan_, settings);
  }

 private:
  const Task& task_;
  const NetworkToTune& network_;
  const PlanToTune& plan_;
  const PlanSettings& rules_;
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
  return absl::StrJoin({network.name, plan.backend, plan.precision,
                        absl::StrCat("batch ", plan.batch)},
                       ", ");
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

absl::StatusOr<ChosenPlan> PlanTuner::Choose(const NetworkToTune& network,
                                             const PlanToTune& plan) {
  ASSAY_RETURN_IF_ERROR(CheckTuning(options_.mode));
  const PlanSettings rules{{}, options_.threads};
  if (options_.mode.empty() || options_.mode == "off") {
    return ChosenPlan{rules, std::nullopt};
  }
  const std::string name = NameOf(network, plan);
  if (chosen_.count(name) == 0) {
    ASSAY_ASSIGN_OR_RETURN(chosen_[name], Record(network, plan));
  }
  const TuningRecord& record = chosen_[name];
  ASSAY_ASSIGN_OR_RETURN(PlanSettings settings,
                         WithChoices(rules, ChoicesOf(record)));
  return ChosenPlan{std::move(settings), record};
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
        old.precision() != plan.precision || old.batch() != plan.batch) {
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
  const PlanSettings rules{{}, options_.threads};
  PlanMaker maker(task_, network, plan, rules);
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
       absl::StrCat(plan.batch), absl::StrCat(options_.threads)},
      "\n"));
  return JoinPath(JoinPath(options_.cache_dir, "tune"),
                  absl::StrCat(key, ".textproto"));
}

}  // namespace assay
