#include "harness/tasks/fine_tune.h"

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/backend/session.h"
#include "harness/core/status_macros.h"
#include "harness/graph/rewrites/rebatch.h"
#include "harness/train/evaluate.h"
#include "harness/train/loop.h"
#include "harness/train/trainer.h"

namespace assay {
namespace {

Schedule ScheduleOf(const Task& task, int64_t steps) {
  Schedule schedule;
  schedule.kind = Schedule::Kind::kCosine;
  schedule.peak = kFineTuneRate * task.spec().recipe.schedule.peak;
  schedule.steps = steps;
  schedule.warmup = steps / 20;
  return schedule;
}

absl::StatusOr<double> Validate(const Task& task, Device* device,
                                const Graph& network,
                                DeviceParameters* parameters,
                                const FineTuneOptions& options) {
  const int64_t batch = task.spec().evaluation_batch;
  ASSAY_ASSIGN_OR_RETURN(const std::unique_ptr<Evaluator> evaluator,
                         Evaluator::Make(device, network, batch, parameters));
  Evaluator::Options evaluation;
  evaluation.label = absl::StrCat("validate ", task.spec().id);
  evaluation.progress = options.progress;
  evaluation.stop = options.stop;
  ASSAY_ASSIGN_OR_RETURN(
      const Scores scores,
      evaluator->Run(
          *task.EvaluationBatches(Split::kValidation, batch, Scoring::kFast),
          evaluation));
  return task.MetricOf(scores);
}

}  // namespace

absl::StatusOr<FineTuned> FineTune(const Task& task, Device* device,
                                   const Graph& network,
                                   const ParameterStore& parameters,
                                   const FineTuneOptions& options) {
  if (options.steps < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("fine-tuning ", task.spec().id,
                     ": expected at least one step, got ", options.steps));
  }
  const int64_t batch = task.spec().recipe.batch;
  ASSAY_ASSIGN_OR_RETURN(Graph graph, Rebatch(network, batch));
  StepOptions step = task.RecipeStep(options.seed);
  step.bf16 = options.bf16;
  ASSAY_ASSIGN_OR_RETURN(
      const std::unique_ptr<Trainer> trainer,
      Trainer::Make(device, std::move(graph), step, parameters));
  TrainingLedger ledger;
  LoopOptions loop;
  loop.schedule = ScheduleOf(task, options.steps);
  loop.last_step = options.steps;
  loop.label = absl::StrCat("tune ", task.spec().id);
  loop.progress = options.progress;
  loop.stop = options.stop;
  loop.ledger = &ledger;
  ASSAY_ASSIGN_OR_RETURN(
      const LoopResult result,
      RunTraining(*trainer, *task.TrainingBatches(batch, options.seed), loop));
  if (result.stopped) {
    return absl::CancelledError(absl::StrCat("fine-tuning ", task.spec().id,
                                             " stopped after ", result.steps,
                                             " of ", options.steps, " steps"));
  }
  FineTuned tuned;
  tuned.steps = ledger.steps;
  tuned.samples = ledger.samples;
  tuned.seconds = ledger.seconds;
  tuned.recipe =
      absl::StrCat("batch ", batch, ", ", loop.schedule.ToString(), "; ",
                   step.optimizer.ToString(), "; ", step.loss.ToString());
  ASSAY_ASSIGN_OR_RETURN(tuned.parameters, trainer->Parameters());
  ASSAY_ASSIGN_OR_RETURN(
      tuned.validation_metric,
      Validate(task, device, network, trainer->device_parameters(), options));
  return tuned;
}

}  // namespace assay
