#include "harness/host/compress/compress.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "harness/backend/reference/reference_device.h"
#include "harness/core/hash.h"
#include "harness/core/status_macros.h"
#include "harness/host/budget_limits.h"
#include "harness/host/budget_rules.h"
#include "harness/host/module/card.h"
#include "harness/host/module/method_instance.h"
#include "harness/host/module/module_loader.h"
#include "harness/host/run_identity.h"
#include "harness/host/services/convert.h"
#include "harness/host/services/tables.h"
#include "harness/host/stage.h"
#include "harness/host/supervisor_outcome.h"
#include "harness/report/check.h"
#include "harness/report/record/phase_timer.h"

namespace assay {
namespace {

// How a part of the work ended, and what that makes of the run.
struct Ending {
  absl::Status status;
  Outcome::Status kind = Outcome::HARNESS_ERROR;
  Outcome::Stage stage = Outcome::LOAD;
  const char* hook = "";
};

template <typename Number>
Number OrUnlimited(Number limit) {
  return limit > 0 ? limit : Number{-1};
}

const char* NameOfDeterminism(uint32_t level) {
  switch (level) {
    case ASSAY_BITWISE_MACHINE:
      return "bitwise_machine";
    case ASSAY_BITWISE_THREADS:
      return "bitwise_threads";
    default:
      return "statistical";
  }
}

void FillPlugin(const Module& module, const assay_card& card,
                PluginIdentity* plugin) {
  plugin->set_id(Printable(View(card.id)));
  plugin->set_version(Printable(View(card.version)));
  plugin->set_title(Printable(View(card.title)));
  plugin->set_paper(Printable(View(card.paper)));
  plugin->set_determinism(NameOfDeterminism(card.determinism));
  plugin->set_abi_major(1);
  plugin->set_abi_revision(module.revision());
  const auto hash = Sha256OfFile(module.path());
  if (hash.ok()) plugin->set_sha256(*hash);
}

// Tables of the host that the card cannot do without.
absl::Status CheckRequirements(const assay_card& card) {
  for (uint64_t i = 0; i < card.requires_count; ++i) {
    const absl::string_view id = View(card.requires_tables[i]);
    if (FindTable(id) == nullptr) {
      return absl::UnimplementedError(absl::StrCat("method ", View(card.id),
                                                   " requires the table ", id,
                                                   ", which this host lacks"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckFit(const Module& module, uint32_t index, assay_host* host,
                      const CompressInput& input) {
  assay_task_info task{};
  task.size = ASSAY_SIZE(assay_task_info);
  TaskTable()->info(host, &task);
  const assay_card& card = *module.table().card(index);
  if (card.modalities != 0 && (card.modalities & task.modality) == 0) {
    return absl::UnimplementedError(absl::StrCat(
        "method ", View(card.id), " is not for the modality of this task"));
  }
  const DeviceDescription& device = input.device->description();
  std::vector<assay_text> features;
  for (const std::string& f : device.features) features.push_back(Lend(f));
  assay_site site{};
  site.size = ASSAY_SIZE(assay_site);
  site.threads = static_cast<uint32_t>(std::max(0, input.spec->threads()));
  site.backend = Lend(device.name);
  site.hardware = Lend(device.hardware);
  site.features = features.data();
  site.feature_count = features.size();
  site.memory_bytes = static_cast<uint64_t>(
      std::max<int64_t>(0, input.spec->limits().memory_bytes()));
  site.task = &task;
  ASSAY_ASSIGN_OR_RETURN(const MethodInstance::Fit fit,
                         MethodInstance::Match(module, index, host, site));
  if (fit.score == 0) {
    return absl::UnimplementedError(absl::StrCat(
        "method ", View(card.id), " does not suit this run: ", fit.reason));
  }
  return absl::OkStatus();
}

ServiceHostOptions HostOptions(const CompressInput& input,
                               const assay_card& card, Device* reference,
                               CompressSink* sink) {
  const RunSpec& spec = *input.spec;
  ServiceHostOptions o;
  o.method_id = std::string(View(card.id));
  o.seed = spec.seed();
  o.device = input.device;
  o.reference = reference;
  o.task = input.task;
  o.budgets = BudgetsOf(spec);
  o.allowance.samples = OrUnlimited(spec.training().samples());
  o.allowance.steps = OrUnlimited(spec.training().steps());
  o.allowance.evaluations = OrUnlimited(spec.training().evaluations());
  o.allowance.seconds = OrUnlimited(spec.training().seconds());
  if (!spec.training_precision().empty()) {
    o.training_precision = spec.training_precision();
  }
  o.sink = sink;
  o.stop = input.stop;
  return o;
}

// Make, plan, run, drop.
Ending DriveInstance(const Module& module, uint32_t index, assay_host* host,
                     const Settings& settings, PlanRecord* plan) {
  EnterStage(Outcome::PLAN, "make");
  auto instance = MethodInstance::Make(module, index, host, settings.config());
  if (!instance.ok()) {
    return {instance.status(), Outcome::METHOD_ERROR, Outcome::PLAN, "make"};
  }
  EnterStage(Outcome::PLAN, "plan");
  const auto needs = (*instance)->Plan();
  if (!needs.ok()) {
    return {needs.status(), Outcome::METHOD_ERROR, Outcome::PLAN, "plan"};
  }
  plan->set_made(true);
  plan->set_epochs(needs->epochs);
  plan->set_evaluations(needs->evaluations);
  plan->set_peak_bytes(needs->peak_bytes);
  EnterStage(Outcome::COMPRESS, "run");
  const absl::Status ran = (*instance)->Run();
  EnterStage(Outcome::COMPRESS, "drop");
  instance->reset();
  return {ran, Outcome::METHOD_ERROR, Outcome::COMPRESS, "run"};
}

void FillLedger(const assay_host& host, const ServedLedger& spent,
                const ServiceHostOptions& options, LedgerRecord* ledger) {
  *ledger->mutable_availability() = MakeAvailability(Availability::MEASURED);
  ledger->set_samples(static_cast<uint64_t>(spent.samples));
  ledger->set_steps(static_cast<uint64_t>(spent.steps));
  ledger->set_evaluations(static_cast<uint64_t>(spent.evaluations));
  ledger->set_seconds(absl::ToDoubleSeconds(host.elapsed()));
  const ServedAllowance& a = options.allowance;
  AllowanceRecord* allowance = ledger->mutable_allowance();
  allowance->set_samples(
      static_cast<uint64_t>(std::max<int64_t>(0, a.samples)));
  allowance->set_steps(static_cast<uint64_t>(std::max<int64_t>(0, a.steps)));
  allowance->set_evaluations(
      static_cast<uint64_t>(std::max<int64_t>(0, a.evaluations)));
  allowance->set_seconds(std::max(0.0, a.seconds));
  for (const auto& [name, words] : host.StreamPositions()) {
    StreamDraws* draws = ledger->add_streams();
    draws->set_name(Printable(name));
    draws->set_words(words);
  }
}

void AddPhase(const char* name, PhaseRecord::Kind kind, absl::Duration time,
              CompressResult* result) {
  *result->add_phases() =
      SinglePhase(name, kind, std::max(0.0, absl::ToDoubleSeconds(time)));
}

// Whose time it was since the plugin began to load.
void FillPhases(const ServedLedger& spent, absl::Duration whole,
                absl::Duration in_run, absl::Duration submitting,
                CompressResult* result) {
  AddPhase("training", PhaseRecord::TRAINING, spent.training, result);
  AddPhase("validation", PhaseRecord::SCORING, spent.evaluating, result);
  AddPhase("method", PhaseRecord::METHOD,
           in_run - spent.training - spent.evaluating - submitting, result);
  AddPhase("load, plan and submit", PhaseRecord::HARNESS,
           whole - in_run + submitting, result);
}

Ending Drive(CompressInput& input, CompressSink* sink, CompressResult* result) {
  const absl::Time began = absl::Now();
  EnterStage(Outcome::LOAD, "open");
  assay_host module_host(sink);
  ModuleOptions options;
  options.host = &module_host;
  options.find = &assay_host::Find;
  const auto module = Module::Open(input.spec->plugin_path(), options);
  if (!module.ok()) {
    const bool refused = absl::IsFailedPrecondition(module.status());
    return {module.status(),
            refused ? Outcome::UNSUPPORTED : Outcome::METHOD_ERROR,
            Outcome::LOAD, "open"};
  }
  const auto method = (*module)->Find(input.spec->method());
  if (!method.ok()) {
    return {method.status(), Outcome::METHOD_ERROR, Outcome::LOAD, "card"};
  }
  FillPlugin(**module, *method->card, result->mutable_plugin());
  const auto settings = Settings::Resolve(
      *method->card,
      {input.spec->parameters().begin(), input.spec->parameters().end()});
  if (!settings.ok()) {
    return {settings.status(), Outcome::UNSUPPORTED, Outcome::LOAD, ""};
  }
  for (const auto& [key, value] : settings->canonical()) {
    KeyValue* setting = result->add_settings();
    setting->set_key(key);
    setting->set_value(value);
  }

  const std::unique_ptr<Device> reference = MakeReferenceDevice();
  ServiceHostOptions host_options =
      HostOptions(input, *method->card, reference.get(), sink);
  assay_host host(host_options, std::move(input.graph),
                  std::move(input.parameters));
  sink->set_reference(&host.reference_graph()->graph);
  Ending ending{CheckRequirements(*method->card), Outcome::UNSUPPORTED,
                Outcome::LOAD, ""};
  if (ending.status.ok()) {
    EnterStage(Outcome::LOAD, "match");
    ending = {CheckFit(**module, method->index, &host, input),
              Outcome::UNSUPPORTED, Outcome::LOAD, "match"};
  }
  if (ending.status.ok()) {
    ending = DriveInstance(**module, method->index, &host, *settings,
                           result->mutable_plan());
  }
  FillLedger(host, host.ledger(), host_options, result->mutable_ledger());
  FillPhases(host.ledger(), absl::Now() - began, host.elapsed(),
             sink->submitting(), result);
  for (const std::string& id : host.tables_asked()) result->add_extensions(id);
  EnterStage(Outcome::COMPRESS, "close");
  return ending;
}

}  // namespace

std::vector<ServedBudget> BudgetsOf(const RunSpec& spec) {
  std::vector<ServedBudget> budgets;
  for (const Budget& b : spec.budgets()) {
    ServedBudget served;
    static_cast<BudgetLimits&>(served) = LimitsOf(b);
    served.id = BudgetName(b);
    budgets.push_back(std::move(served));
  }
  if (budgets.empty()) {
    budgets.emplace_back();
    budgets.back().id = BudgetName(Budget());
  }
  return budgets;
}

absl::StatusOr<double> ChanceOf(const Task& task) {
  const DatasetSpec& data = task.dataset().spec();
  const auto classes = static_cast<size_t>(data.classes);
  if (task.spec().metric == Metric::kBitsPerByte) {
    return std::log2(static_cast<double>(classes));
  }
  std::vector<int64_t> counts(classes, 0);
  int64_t most = 0, total = 0;
  Tensor features, labels;
  const int64_t size = task.dataset().size(Split::kValidation);
  for (int64_t first = 0; first < size; first += 512) {
    std::vector<int64_t> some;
    for (int64_t i = first; i < std::min(size, first + 512); ++i) {
      some.push_back(i);
    }
    ASSAY_RETURN_IF_ERROR(
        task.dataset().Batch(Split::kValidation, some, &features, &labels));
    for (int64_t i = 0; i < labels.size(); ++i) {
      const int32_t label = labels.data<int32_t>()[i];
      most = std::max(most, ++counts[static_cast<size_t>(label)]);
      ++total;
    }
  }
  return total == 0 ? 0
                    : static_cast<double>(most) / static_cast<double>(total);
}

void Compress(CompressInput input, CompressSink* sink, CompressResult* result) {
  const Ending ending = Drive(input, sink, result);
  sink->FinishProgress();
  sink->FillResult(result);
  Outcome* outcome = result->mutable_outcome();
  if (ending.status.ok()) {
    outcome->set_status(Outcome::OK);
    outcome->set_stage(Outcome::DONE);
  } else if (!sink->refusal().ok()) {
    *outcome =
        OutcomeOf(ending.status, Outcome::INVALID_SUBMISSION, Outcome::SUBMIT);
    outcome->set_hook("submit");
  } else {
    *outcome = OutcomeOf(ending.status, ending.kind, ending.stage);
    outcome->set_hook(ending.hook);
  }
}

}  // namespace assay
