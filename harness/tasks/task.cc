#include "harness/tasks/task.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "datasets/registry.h"
#include "harness/core/status_macros.h"
#include "harness/graph/rewrites/rebatch.h"
#include "harness/models/registry.h"

namespace assay {
namespace {

bool IsTokens(const Dataset& dataset) {
  return dataset.spec().form == Form::kText ||
         dataset.spec().form == Form::kStream;
}

absl::Status CheckRecipe(const TaskSpec& spec, const Dataset& dataset) {
  const TrainingRecipe& recipe = spec.recipe;
  if ((recipe.epochs > 0) == (recipe.steps > 0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("task \"", spec.id, "\": expected epochs or steps, got ",
                     recipe.epochs, " and ", recipe.steps));
  }
  if (recipe.batch < 1 || recipe.batch > dataset.size(Split::kTrain)) {
    return absl::InvalidArgumentError(
        absl::StrCat("task \"", spec.id, "\": expected a batch in [1, ",
                     dataset.size(Split::kTrain), "], got ", recipe.batch));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Task>> Task::Open(
    TaskSpec spec, const std::string& data_dir,
    std::shared_ptr<VerifiedFiles> verified) {
  DatasetArgs args;
  args.data_dir = data_dir;
  args.options = spec.dataset_options;
  args.verified = std::move(verified);
  ASSAY_ASSIGN_OR_RETURN(std::unique_ptr<Dataset> dataset,
                         OpenDataset(spec.dataset, args));
  return Make(std::move(spec), std::move(dataset), data_dir);
}

absl::StatusOr<std::unique_ptr<Task>> Task::Make(
    TaskSpec spec, std::unique_ptr<Dataset> dataset, std::string data_dir) {
  ASSAY_RETURN_IF_ERROR(CheckRecipe(spec, *dataset));
  if (spec.mean.empty() && !IsTokens(*dataset)) {
    spec.mean = dataset->spec().mean;
    spec.stddev = dataset->spec().stddev;
  }
  std::unique_ptr<Task> task(new Task());
  task->dataset_ = std::move(dataset);
  task->spec_ = std::move(spec);
  task->data_dir_ = std::move(data_dir);
  return task;
}

absl::string_view Task::input() const {
  switch (dataset_->spec().form) {
    case Form::kImage:
      return "image";
    case Form::kAudio:
      return "features";
    case Form::kText:
    case Form::kStream:
      return "tokens";
  }
  return "";
}

void Task::Bring(std::string id, FittedNetwork network) {
  spec_.network = std::move(id);
  spec_.published_weights = {};
  brought_ = std::make_unique<const FittedNetwork>(std::move(network));
}

absl::StatusOr<ReferenceGraph> Task::BuildNetwork(const OpSet& ops,
                                                  int64_t batch) const {
  if (brought_ != nullptr) {
    ASSAY_ASSIGN_OR_RETURN(Graph graph, Rebatch(brought_->graph, batch));
    return ReferenceGraph{std::move(graph), {}};
  }
  ReferenceGraphOptions options;
  options.batch = batch;
  options.input = dataset_->spec().sample_shape;
  options.classes = dataset_->spec().classes;
  if (dataset_->spec().form == Form::kText) {
    options.vocabulary = dataset_->spec().vocabulary;
  }
  return BuildReferenceGraph(spec_.network, ops, options);
}

BatchOptions Task::MakeBatchOptions(int64_t batch,
                                    std::vector<int64_t> samples) const {
  BatchOptions options;
  options.batch = batch;
  options.input = std::string(input());
  options.mean = spec_.mean;
  options.stddev = spec_.stddev;
  options.samples = std::move(samples);
  return options;
}

std::unique_ptr<BatchSource> Task::TrainingBatches(
    int64_t batch, uint64_t seed, std::vector<int64_t> samples) const {
  return assay::TrainingBatches(dataset_.get(),
                                MakeBatchOptions(batch, std::move(samples)),
                                spec_.recipe.augmentation, seed);
}

std::unique_ptr<BatchSource> Task::EvaluationBatches(
    Split split, int64_t batch, Scoring scoring,
    std::vector<int64_t> samples) const {
  BatchOptions options = MakeBatchOptions(batch, std::move(samples));
  if (dataset_->spec().form == Form::kStream) {
    return StreamBatches(dataset_.get(), split, std::move(options),
                         scoring == Scoring::kFull);
  }
  return SampleBatches(dataset_.get(), split, std::move(options));
}

double Task::MetricOf(const Scores& scores) const {
  return spec_.metric == Metric::kAccuracy ? scores.accuracy()
                                           : scores.bits_per_byte();
}

bool Task::Reached(double metric) const {
  return HigherIsBetter(spec_.metric) ? metric >= spec_.target
                                      : metric <= spec_.target;
}

int64_t Task::recipe_steps() const {
  if (spec_.recipe.epochs == 0) return spec_.recipe.steps;
  return spec_.recipe.epochs *
         TrainingBatches(spec_.recipe.batch, 0)->batch_count();
}

Schedule Task::RecipeSchedule() const {
  Schedule schedule = spec_.recipe.schedule;
  schedule.steps = recipe_steps();
  schedule.warmup =
      std::llround(spec_.recipe.warmup * static_cast<double>(schedule.steps));
  return schedule;
}

StepOptions Task::RecipeStep(uint64_t seed) const {
  StepOptions options;
  options.loss = spec_.recipe.loss;
  options.optimizer = spec_.recipe.optimizer;
  options.training.dropout_seed = seed;
  return options;
}

std::string Task::RecipeText() const {
  return absl::StrCat(spec_.network, ", batch ", spec_.recipe.batch, ", ",
                      recipe_steps(), " steps, ", RecipeSchedule().ToString(),
                      "; ", spec_.recipe.optimizer.ToString(), "; ",
                      spec_.recipe.loss.ToString(), "; augmentation ",
                      Name(spec_.recipe.augmentation), "; mean ",
                      absl::StrJoin(spec_.mean, ","), " stddev ",
                      absl::StrJoin(spec_.stddev, ","));
}

}  // namespace assay
