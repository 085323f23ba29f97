// The standard training loop.
#ifndef ASSAY_HARNESS_TRAIN_LOOP_H_
#define ASSAY_HARNESS_TRAIN_LOOP_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/train/batch.h"
#include "harness/train/schedule.h"
#include "harness/train/trainer.h"

namespace assay {

// What training has cost so far; several loops may add to one.
struct TrainingLedger {
  int64_t steps = 0;
  int64_t samples = 0;  // forward and backward
  double seconds = 0;   // wall clock of the steps, waits for batches included
};

// One finished step.
struct StepReport {
  int64_t step = 0;   // counts from 1
  int64_t epoch = 0;  // counts from 0
  double loss = 0;
  double learning_rate = 0;
};

// Called by the loop on its thread, in the order of the declarations. A status
// that is not OK ends the run with it. Every hook may read and change
// parameters, masks and rules.
class TrainingHooks {
 public:
  virtual ~TrainingHooks() = default;
  virtual absl::Status RunBegin(Trainer&) { return absl::OkStatus(); }
  virtual absl::Status EpochBegin(Trainer&, int64_t /*epoch*/) {
    return absl::OkStatus();
  }
  // True: the step runs in parts, with the three hooks below between them.
  virtual bool wants_gradients() const { return false; }
  // Gradients are there, before clipping; further passes may add to them.
  virtual absl::Status AfterBackward(Trainer&, const Batch&) {
    return absl::OkStatus();
  }
  // Steps the parameters. A method with an optimiser of its own reads
  // gradients, sets parameters and calls CountStep.
  virtual absl::Status Optimize(Trainer& trainer, double learning_rate) {
    return trainer.Apply(learning_rate);
  }
  virtual absl::Status AfterOptimizer(Trainer&) { return absl::OkStatus(); }
  virtual absl::Status StepEnd(Trainer&, const StepReport&) {
    return absl::OkStatus();
  }
  virtual absl::Status EpochEnd(Trainer&, int64_t /*epoch*/,
                                double /*mean_loss*/) {
    return absl::OkStatus();
  }
  virtual absl::Status RunEnd(Trainer&) { return absl::OkStatus(); }
};

struct LoopOptions {
  Schedule schedule;
  // Where the loop ends, counted from the trainer's step 0: a trainer restored
  // at step k runs steps k + 1 ... last_step.
  int64_t last_step = 1;
  std::string label = "train";  // of the progress bar
  bool progress = true;
  const std::atomic<bool>* stop = nullptr;  // true: stop after this step
  TrainingLedger* ledger = nullptr;
};

struct LoopResult {
  int64_t steps = 0;     // made by this call
  double mean_loss = 0;  // over the last epoch, or the part of it that ran
  bool stopped = false;  // by the flag, before last_step
};

// Batch k of `source` and rate k of the schedule make step k + 1, whatever came
// before, so that restoring a trainer's state resumes to the bit. Epochs end
// every batch_count() steps and at last_step. Batches are made ahead on a
// second thread.
absl::StatusOr<LoopResult> RunTraining(Trainer& trainer, BatchSource& source,
                                       const LoopOptions& options,
                                       TrainingHooks* hooks = nullptr);

}  // namespace assay

#endif  // ASSAY_HARNESS_TRAIN_LOOP_H_
