#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "harness/core/status_macros.h"
#include "harness/graph/cost.h"
#include "harness/graph/rewrites/rebatch.h"
#include "harness/host/services/graph_access.h"
#include "harness/host/services/parts.h"
#include "harness/host/services/tables.h"
#include "harness/host/services/train_options.h"
#include "harness/host/services/trainers.h"
#include "harness/train/loop.h"
#include "harness/train/trainer.h"

// What hooks reach while they run; lives as long as one training.
struct assay_training final : assay::Handle {
  assay::Trainer* trainer = nullptr;
  bool has_gradients = false;
};

namespace assay {
namespace {

constexpr const char* kEventNames[] = {
    "run_begin", "epoch_begin", "after_backward", "after_optimizer",
    "step_end",  "epoch_end",   "run_end"};

// Forwards the loop's hooks to the method's table, and watches for a stop.
class HookBridge : public TrainingHooks {
 public:
  HookBridge(assay_host* host, const assay_hooks* hooks, assay_event event,
             assay_training* training)
      : host_(host), hooks_(hooks), event_(event), training_(training) {}

  const std::atomic<bool>* stop() const { return &stop_; }
  int64_t skipped() const { return skipped_; }

  absl::Status RunBegin(Trainer&) override { return Send(ASSAY_RUN_BEGIN); }
  absl::Status EpochBegin(Trainer&, int64_t epoch) override {
    event_.epoch = epoch;
    return Send(ASSAY_EPOCH_BEGIN);
  }
  bool wants_gradients() const override {
    return Wants(ASSAY_AFTER_BACKWARD) || Wants(ASSAY_AFTER_OPTIMIZER);
  }
  absl::Status AfterBackward(Trainer& trainer, const Batch&) override {
    training_->has_gradients = true;
    event_.step = trainer.step() - first_step_;
    event_.loss = std::nan("");
    return Send(ASSAY_AFTER_BACKWARD);
  }
  absl::Status Optimize(Trainer& trainer, double learning_rate) override {
    event_.learning_rate = learning_rate;
    if (!skip_) return trainer.Apply(learning_rate);
    skip_ = false;
    ++skipped_;
    trainer.CountStep();
    return absl::OkStatus();
  }
  absl::Status AfterOptimizer(Trainer&) override {
    return Send(ASSAY_AFTER_OPTIMIZER);
  }
  absl::Status StepEnd(Trainer&, const StepReport& report) override {
    event_.step = report.step - 1 - first_step_;
    event_.samples += batch_;
    event_.loss = report.loss;
    event_.learning_rate = report.learning_rate;
    const absl::Status status = Send(ASSAY_STEP_END);
    training_->has_gradients = false;
    host_->sink().Progress(label_, event_.step + 1, event_.steps);
    if (host_->stop_wanted() != ASSAY_STOP_NO) stop_ = true;
    return status;
  }
  absl::Status EpochEnd(Trainer&, int64_t epoch, double mean_loss) override {
    event_.epoch = epoch;
    event_.loss = mean_loss;
    return Send(ASSAY_EPOCH_END);
  }
  absl::Status RunEnd(Trainer&) override { return Send(ASSAY_RUN_END); }

  void Start(const TrainPlan& plan) {
    first_step_ = plan.first_step;
    batch_ = plan.batch;
    label_ = plan.label;
  }

 private:
  bool Wants(int kind) const {
    return hooks_ != nullptr && ((hooks_->events >> kind) & 1u) != 0;
  }

  absl::Status Send(int kind) {
    if (!Wants(kind)) return absl::OkStatus();
    event_.kind = kind;
    assay_reply reply{ASSAY_SIZE(assay_reply), 0};
    host_->sink().Hook(kEventNames[kind]);
    host_->Enter(MethodState::kInHook);
    const absl::Status status =
        Take(hooks_->on_event(hooks_->context, &event_, &reply));
    host_->Enter(MethodState::kRunning);
    host_->sink().Hook("");
    if ((reply.actions & ASSAY_SKIP_UPDATE) != 0) {
      skip_ = kind == ASSAY_AFTER_BACKWARD;
    }
    if ((reply.actions & ASSAY_STOP_TRAINING) != 0) stop_ = true;
    return status;
  }

  assay_host* host_;
  const assay_hooks* hooks_;
  assay_event event_;
  assay_training* training_;
  std::atomic<bool> stop_{false};
  bool skip_ = false;
  int64_t skipped_ = 0;
  int64_t first_step_ = 0;
  int64_t batch_ = 0;
  std::string label_;
};

absl::Status TrainSet(assay_host* host, const Graph& graph,
                      assay_parameters* set, const assay_train_options& raw,
                      assay_train_result* result) {
  ASSAY_ASSIGN_OR_RETURN(TrainPlan plan, PlanTraining(host, raw));
  ASSAY_RETURN_IF_ERROR(host->Afford(plan.steps * plan.batch, plan.steps, 0));
  ASSAY_ASSIGN_OR_RETURN(Graph network, Rebatch(graph, plan.batch));
  ASSAY_ASSIGN_OR_RETURN(const Graph step, BuildStep(network, plan.options));
  const int64_t step_macs = CostOf(step).macs;
  ASSAY_ASSIGN_OR_RETURN(
      const std::unique_ptr<Trainer> trainer,
      Trainer::Make(host->options().device, std::move(network), plan.options,
                    set->store));
  if (plan.masks != nullptr) {
    ASSAY_RETURN_IF_ERROR(CopyMasksIn(*trainer, set->store, *plan.masks));
  }
  for (int64_t i = 0; i < plan.first_step; ++i) trainer->CountStep();

  assay_training* training =
      host->handles().Add(std::make_unique<assay_training>());
  training->trainer = trainer.get();
  const auto end = absl::MakeCleanup([&] { host->handles().Remove(training); });
  assay_event event{};
  event.size = ASSAY_SIZE(assay_event);
  event.steps = plan.steps;
  event.steps_per_epoch = plan.source->batch_count();
  event.loss = std::nan("");
  event.training = training;
  HookBridge bridge(host, raw.hooks, event, training);
  bridge.Start(plan);

  LoopOptions loop;
  loop.schedule = plan.schedule;
  loop.last_step = plan.first_step + plan.steps;
  loop.label = plan.label;
  loop.progress = false;
  loop.stop = bridge.stop();
  TrainingLedger spent;
  loop.ledger = &spent;
  const absl::Time began = absl::Now();
  const auto done = RunTraining(*trainer, *plan.source, loop, &bridge);
  ServedLedger& ledger = host->ledger();
  ledger.training += absl::Now() - began;
  ledger.steps += spent.steps;
  ledger.samples += spent.samples;
  ledger.macs += spent.steps * step_macs;
  ASSAY_RETURN_IF_ERROR(done.status());

  ASSAY_ASSIGN_OR_RETURN(const ParameterStore trained, trainer->Parameters());
  for (const auto& [name, value] : trained.values()) {
    PutParameter(host, set, name, value);
  }
  assay_train_result r{};
  r.steps = done->steps;
  r.samples = spent.samples;
  r.loss = done->mean_loss;
  r.seconds = spent.seconds;
  r.stopped = done->stopped ? 1 : 0;
  Fill(r, result);
  return absl::OkStatus();
}

assay_status* Train(assay_host* host, const assay_graph* graph,
                    assay_parameters* set, const assay_train_options* options,
                    assay_train_result* result) {
  return ServeRun(host, "train.train", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, WritableSet(host, set));
    ASSAY_ASSIGN_OR_RETURN(
        const assay_train_options raw,
        Receive(options, UnsetTrainOptions(), "train.train"));
    return TrainSet(host, g->graph, s, raw, result);
  });
}

absl::StatusOr<assay_training*> FindTraining(assay_host* host,
                                             assay_training* training,
                                             int32_t which) {
  ASSAY_ASSIGN_OR_RETURN(assay_training * t,
                         host->handles().Find(training, "training"));
  ASSAY_RETURN_IF_ERROR(CheckWhich(which));
  if (which == ASSAY_OF_GRADIENT && !t->has_gradients) {
    return absl::FailedPreconditionError(
        "train: gradients are there from after_backward to step_end, where "
        "the hooks ask for after_backward or after_optimizer");
  }
  return t;
}

assay_status* Read(assay_host* host, assay_training* training, int32_t which,
                   assay_text parameter, assay_tensor** out) {
  return Serve(host, "train.read", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_training * t,
                           FindTraining(host, training, which));
    ASSAY_ASSIGN_OR_RETURN(Tensor value,
                           ReadTraining(*t->trainer, which, View(parameter)));
    *out =
        host->handles().Add(std::make_unique<assay_tensor>(std::move(value)));
    return absl::OkStatus();
  });
}

assay_status* Write(assay_host* host, assay_training* training, int32_t which,
                    assay_text parameter, const assay_tensor* tensor) {
  return Serve(host, "train.write", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_training * t,
                           FindTraining(host, training, which));
    ASSAY_ASSIGN_OR_RETURN(assay_tensor * from,
                           host->handles().Find(tensor, "tensor"));
    return WriteTraining(*t->trainer, which, View(parameter), from->tensor);
  });
}

}  // namespace

const assay_train_table* TrainTable() {
  static constexpr assay_train_table kTable = {ASSAY_SIZE(assay_train_table), 1,
                                               &Train, &Read, &Write};
  return &kTable;
}

}  // namespace assay
