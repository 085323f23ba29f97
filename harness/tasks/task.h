// A task at work: its data set opened, its network built, its recipe in steps.
#ifndef ASSAY_HARNESS_TASKS_TASK_H_
#define ASSAY_HARNESS_TASKS_TASK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "datasets/dataset.h"
#include "harness/graph/graph.h"
#include "harness/models/layers.h"
#include "harness/tasks/batches.h"
#include "harness/tasks/fit_network.h"
#include "harness/tasks/task_spec.h"
#include "harness/train/evaluate.h"
#include "harness/train/schedule.h"
#include "harness/train/step.h"

namespace assay {

class VerifiedFiles;

// How a stream is scored: with context everywhere (the number to report), or
// quickly (windows side by side; a report must say so). Independent samples
// know no difference.
enum class Scoring : uint8_t { kFull, kFast };

// Immutable once open; safe to share between threads.
class Task {
 public:
  // Errors are the data set's (absent or damaged files name themselves) or, for
  // a network or option that does not exist, the registries'. Embedded data
  // sets ignore `data_dir`. `verified` as in DatasetArgs.
  static absl::StatusOr<std::unique_ptr<Task>> Open(
      TaskSpec spec, const std::string& data_dir,
      std::shared_ptr<VerifiedFiles> verified = nullptr);
  // Over a data set of the caller's; published weights lie below `data_dir`.
  // INVALID_ARGUMENT: a recipe that does not fit it.
  static absl::StatusOr<std::unique_ptr<Task>> Make(
      TaskSpec spec, std::unique_ptr<Dataset> dataset,
      std::string data_dir = "");

  const TaskSpec& spec() const { return spec_; }
  const Dataset& dataset() const { return *dataset_; }
  const std::string& data_dir() const { return data_dir_; }

  // Dataset::ForgetTest; before the task is shared.
  void ForgetTest() { dataset_->ForgetTest(); }
  // Dataset::Relabel; before the task is shared. What was trained before knows
  // the classes by their old numbers.
  void Relabel(absl::Span<const int32_t> order) { dataset_->Relabel(order); }

  // Puts a network of the user's, fitted to this task, in the place of the
  // reference network; before the task is shared. `id` stands for its content:
  // it becomes spec().network, and so a part of RecipeText().
  void Bring(std::string id, FittedNetwork network);
  // Null where the task has its own.
  const FittedNetwork* brought() const { return brought_.get(); }

  // The reference network at the task's shapes and classes. One that was
  // brought states no initialisers.
  absl::StatusOr<ReferenceGraph> BuildNetwork(const OpSet& ops,
                                              int64_t batch) const;
  // The network's input: "image", "features" or "tokens".
  absl::string_view input() const;

  // `samples`: indices into the split; empty: all of it. The task must outlive
  // a source.
  std::unique_ptr<BatchSource> TrainingBatches(
      int64_t batch, uint64_t seed, std::vector<int64_t> samples = {}) const;
  // Without shuffling or augmentation, the last batch padded. For a stream,
  // `samples` must be empty.
  std::unique_ptr<BatchSource> EvaluationBatches(
      Split split, int64_t batch, Scoring scoring = Scoring::kFull,
      std::vector<int64_t> samples = {}) const;

  // The metric of what an Evaluator made of a split.
  double MetricOf(const Scores& scores) const;
  // Whether `metric` is at least as good as the target.
  bool Reached(double metric) const;

  // The recipe in steps of the task's training split.
  int64_t recipe_steps() const;
  Schedule RecipeSchedule() const;
  StepOptions RecipeStep(uint64_t seed) const;
  // The recipe in words, complete: equal texts train alike.
  std::string RecipeText() const;

 private:
  Task() = default;
  BatchOptions MakeBatchOptions(int64_t batch,
                                std::vector<int64_t> samples) const;

  TaskSpec spec_;
  std::string data_dir_;
  std::unique_ptr<Dataset> dataset_;
  std::unique_ptr<const FittedNetwork> brought_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_TASKS_TASK_H_
