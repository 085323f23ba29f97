#include "harness/host/services/trainers.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "harness/core/status_macros.h"
#include "harness/graph/cost.h"
#include "harness/graph/rewrites/apply_masks.h"
#include "harness/graph/rewrites/rebatch.h"
#include "harness/host/services/masks.h"

namespace assay {
namespace {

// Where a snapshot keeps the number of steps, and where Checkpoint does.
constexpr char kStepName[] = "trainer/step";
constexpr char kStepKey[] = "step";

}  // namespace

absl::Status CheckWhich(int32_t which) {
  if (which >= ASSAY_OF_VALUE && which <= ASSAY_OF_MASK) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("train: expected a tensor from 0 to 2, got ", which));
}

absl::StatusOr<Tensor> ReadTraining(const Trainer& trainer, int32_t which,
                                    absl::string_view parameter) {
  if (which == ASSAY_OF_GRADIENT) return trainer.Gradient(parameter);
  ASSAY_ASSIGN_OR_RETURN(Tensor value, trainer.Get(parameter));
  if (which == ASSAY_OF_VALUE) return value;
  const auto mask = trainer.Get(MaskName(parameter));
  if (mask.ok()) return mask;
  value = Tensor::Zeros(DType::kBool, value.shape());
  std::fill_n(value.data<bool>(), value.size(), true);
  return value.Cast(DType::kF32);
}

absl::Status WriteTraining(Trainer& trainer, int32_t which,
                           absl::string_view parameter, const Tensor& value) {
  if (which == ASSAY_OF_GRADIENT) {
    return trainer.SetGradient(parameter, value);
  }
  if (which == ASSAY_OF_VALUE) return trainer.Set(parameter, value);
  ASSAY_ASSIGN_OR_RETURN(const Tensor now, trainer.Get(parameter));
  ASSAY_ASSIGN_OR_RETURN(const Tensor ones, MaskAs(value, now, parameter));
  return trainer.SetMask(parameter, ones);
}

absl::Status CopyMasksIn(Trainer& trainer, const ParameterStore& values,
                         const ParameterStore& masks) {
  for (const auto& [name, mask] : masks.values()) {
    ASSAY_ASSIGN_OR_RETURN(const Tensor value, values.Get(name));
    ASSAY_ASSIGN_OR_RETURN(const Tensor ones, MaskAs(mask, value, name));
    ASSAY_RETURN_IF_ERROR(trainer.SetMask(name, ones));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<assay_trainer>> MakeTrainer(
    assay_host* host, const Graph& graph, const ParameterStore& values,
    const assay_train_options* options) {
  ASSAY_ASSIGN_OR_RETURN(const assay_train_options raw,
                         Receive(options, UnsetTrainOptions(), "trainer.make"));
  if (raw.hooks != nullptr) {
    return absl::InvalidArgumentError(
        "trainer.make: hooks: expected null, a trainer is driven by its calls");
  }
  auto t = std::make_unique<assay_trainer>();
  ASSAY_ASSIGN_OR_RETURN(t->plan, PlanTraining(host, raw));
  ASSAY_ASSIGN_OR_RETURN(Graph network, Rebatch(graph, t->plan.batch));
  ASSAY_ASSIGN_OR_RETURN(const Graph step, BuildStep(network, t->plan.options));
  t->step_macs = CostOf(step).macs;
  ASSAY_ASSIGN_OR_RETURN(
      t->trainer, Trainer::Make(host->options().device, std::move(network),
                                t->plan.options, values));
  if (t->plan.masks != nullptr) {
    ASSAY_RETURN_IF_ERROR(CopyMasksIn(*t->trainer, values, *t->plan.masks));
    t->plan.masks = nullptr;
  }
  for (int64_t i = 0; i < t->plan.first_step; ++i) t->trainer->CountStep();
  return t;
}

absl::Status AdvanceTrainer(assay_host* host, assay_trainer* t, int64_t steps,
                            assay_train_result* result) {
  if (steps < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("trainer.advance: expected 0 steps or more, got ", steps));
  }
  ASSAY_RETURN_IF_ERROR(host->Afford(steps * t->plan.batch, steps, 0));
  const absl::Time began = absl::Now();
  assay_train_result r{};
  double sum = 0;
  while (r.steps < steps && r.stopped == 0) {
    ASSAY_ASSIGN_OR_RETURN(const Batch batch, NextBatch(host, t));
    ASSAY_ASSIGN_OR_RETURN(const double loss,
                           t->trainer->Step(batch.feeds, RateOf(*t)));
    sum += loss;
    ++r.steps;
    r.samples += batch.samples;
    ++host->ledger().steps;
    host->ledger().samples += batch.samples;
    host->ledger().macs += t->step_macs;
    host->sink().Progress(t->plan.label, r.steps, steps);
    r.stopped = host->stop_wanted() != ASSAY_STOP_NO ? 1 : 0;
  }
  t->batch.reset();
  const absl::Duration took = absl::Now() - began;
  host->ledger().training += took;
  r.loss = r.steps == 0 ? 0 : sum / static_cast<double>(r.steps);
  r.seconds = absl::ToDoubleSeconds(took);
  if (result != nullptr) Fill(r, result);
  return absl::OkStatus();
}

absl::StatusOr<Batch> NextBatch(assay_host* host, assay_trainer* t) {
  ASSAY_ASSIGN_OR_RETURN(Batch batch, t->plan.source->Make(t->trainer->step()));
  if (t->teacher == nullptr) return batch;
  Session& teacher = *t->teacher->session;
  for (const auto& [name, value] : batch.feeds) {
    if (teacher.graph().FindValue(name) == kNoValue) continue;
    ASSAY_RETURN_IF_ERROR(teacher.Feed(name, value));
  }
  ASSAY_RETURN_IF_ERROR(teacher.Run());
  host->ledger().macs += t->teacher->macs;
  ASSAY_ASSIGN_OR_RETURN(Tensor targets, teacher.Fetch("targets"));
  batch.feeds.emplace_back("soft_targets", std::move(targets));
  return batch;
}

double RateOf(const assay_trainer& t) {
  return t.rate_factor * LearningRate(t.plan.schedule, t.trainer->step());
}

absl::StatusOr<ParameterStore> TrainerState(const assay_trainer& t) {
  ASSAY_ASSIGN_OR_RETURN(Checkpoint checkpoint, t.trainer->SaveState());
  checkpoint.parameters.Set(kStepName,
                            Tensor::From<int64_t>({}, {t.trainer->step()}));
  return std::move(checkpoint.parameters);
}

absl::Status RestoreTrainer(assay_trainer* t, const ParameterStore& state) {
  ASSAY_ASSIGN_OR_RETURN(const Tensor step, state.Get(kStepName));
  if (step.dtype() != DType::kS64 || step.rank() != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("trainer.restore: '", kStepName, "': expected s64[], got ",
                     step.TypeString()));
  }
  Checkpoint checkpoint;
  checkpoint.parameters = state;
  checkpoint.metadata[kStepKey] = absl::StrCat(step.data<int64_t>()[0]);
  ASSAY_RETURN_IF_ERROR(t->trainer->RestoreState(checkpoint));
  t->batch.reset();
  return absl::OkStatus();
}

}  // namespace assay
