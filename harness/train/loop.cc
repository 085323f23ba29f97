#include "harness/train/loop.h"

#include <memory>
#include <optional>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "harness/core/progress.h"
#include "harness/core/status_macros.h"

namespace assay {
namespace {

class Loop {
 public:
  Loop(Trainer& trainer, BatchSource& source, const LoopOptions& options,
       TrainingHooks* hooks)
      : trainer_(trainer),
        source_(source),
        options_(options),
        hooks_(hooks != nullptr ? *hooks : no_hooks_) {}

  absl::StatusOr<LoopResult> Run() {
    ASSAY_RETURN_IF_ERROR(Check(options_.schedule));
    const int64_t first = trainer_.step();
    if (options_.progress) {
      progress_.emplace(options_.label, options_.last_step - first, "steps");
    }
    ASSAY_RETURN_IF_ERROR(hooks_.RunBegin(trainer_));
    Prefetcher batches(&source_, first, options_.last_step);
    for (int64_t step = first; step < options_.last_step; ++step) {
      if (options_.stop != nullptr && options_.stop->load()) {
        result_.stopped = true;
        break;
      }
      ASSAY_RETURN_IF_ERROR(One(step, batches));
    }
    ASSAY_RETURN_IF_ERROR(hooks_.RunEnd(trainer_));
    return result_;
  }

 private:
  absl::Status One(int64_t step, Prefetcher& batches) {
    const int64_t per_epoch = source_.batch_count();
    const int64_t epoch = step / per_epoch;
    if (result_.steps == 0 || step % per_epoch == 0) {
      epoch_loss_ = 0;
      epoch_steps_ = 0;
      ASSAY_RETURN_IF_ERROR(hooks_.EpochBegin(trainer_, epoch));
    }
    StepReport report{step + 1, epoch, 0,
                      LearningRate(options_.schedule, step)};
    const absl::Time start = absl::Now();
    ASSAY_ASSIGN_OR_RETURN(const Batch batch, batches.Next());
    ASSAY_ASSIGN_OR_RETURN(report.loss, Train(batch, report.learning_rate));
    Account(batch, absl::ToDoubleSeconds(absl::Now() - start), report);
    ASSAY_RETURN_IF_ERROR(hooks_.StepEnd(trainer_, report));
    if ((step + 1) % per_epoch == 0 || step + 1 == options_.last_step) {
      return hooks_.EpochEnd(trainer_, epoch, result_.mean_loss);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<double> Train(const Batch& batch, double learning_rate) {
    if (!hooks_.wants_gradients()) {
      return trainer_.Step(batch.feeds, learning_rate);
    }
    ASSAY_ASSIGN_OR_RETURN(const double loss, trainer_.Backward(batch.feeds));
    ASSAY_RETURN_IF_ERROR(hooks_.AfterBackward(trainer_, batch));
    ASSAY_RETURN_IF_ERROR(hooks_.Optimize(trainer_, learning_rate));
    ASSAY_RETURN_IF_ERROR(hooks_.AfterOptimizer(trainer_));
    return loss;
  }

  void Account(const Batch& batch, double seconds, const StepReport& report) {
    ++result_.steps;
    epoch_loss_ += report.loss;
    result_.mean_loss = epoch_loss_ / static_cast<double>(++epoch_steps_);
    if (options_.ledger != nullptr) {
      ++options_.ledger->steps;
      options_.ledger->samples += batch.samples;
      options_.ledger->seconds += seconds;
    }
    if (progress_.has_value()) {
      progress_->Update(result_.steps,
                        absl::StrFormat("epoch %d, loss %.3f", report.epoch + 1,
                                        result_.mean_loss));
    }
  }

  TrainingHooks no_hooks_;
  Trainer& trainer_;
  BatchSource& source_;
  const LoopOptions& options_;
  TrainingHooks& hooks_;
  std::optional<Progress> progress_;
  LoopResult result_;
  double epoch_loss_ = 0;
  int64_t epoch_steps_ = 0;
};

}  // namespace

absl::StatusOr<LoopResult> RunTraining(Trainer& trainer, BatchSource& source,
                                       const LoopOptions& options,
                                       TrainingHooks* hooks) {
  return Loop(trainer, source, options, hooks).Run();
}

}  // namespace assay
