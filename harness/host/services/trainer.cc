#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/builder.h"
#include "harness/graph/cost.h"
#include "harness/graph/rewrites/prune_dead.h"
#include "harness/graph/rewrites/rebatch.h"
#include "harness/host/services/graph_access.h"
#include "harness/host/services/tables.h"
#include "harness/host/services/trainers.h"

namespace assay {
namespace {

absl::StatusOr<assay_trainer*> FindTrainer(assay_host* host,
                                           const assay_trainer* trainer) {
  return host->handles().Find(trainer, "trainer");
}

assay_status* Make(assay_host* host, const assay_graph* graph,
                   const assay_parameters* set,
                   const assay_train_options* options, assay_trainer** out) {
  return ServeRun(host, "trainer.make", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, ReadableSet(host, set));
    ASSAY_ASSIGN_OR_RETURN(std::unique_ptr<assay_trainer> made,
                           MakeTrainer(host, g->graph, s->store, options));
    *out = host->handles().Add(std::move(made));
    return absl::OkStatus();
  });
}

void Free(assay_host* host, assay_trainer* trainer) {
  const absl::Status status = host->handles().Free(trainer, "trainer.free");
  if (!status.ok()) host->sink().Misbehaviour(status.message());
}

// The network alone, with softmax(logits / T) as its one output, "targets".
absl::StatusOr<Graph> TargetsOf(const Graph& graph, int64_t batch,
                                double temperature) {
  ASSAY_ASSIGN_OR_RETURN(Graph targets, Rebatch(graph, batch));
  const ValueId logits = targets.FindOutput("logits");
  if (logits == kNoValue) {
    return absl::InvalidArgumentError(
        "trainer.set_teacher: the teacher has no output \"logits\"");
  }
  GraphBuilder b(&targets);
  const ValueId soft =
      b.Op("softmax", {b.Scale(logits, 1 / temperature)}, {{"axis", -1}});
  ASSAY_RETURN_IF_ERROR(b.status());
  targets.ClearOutputs();
  ASSAY_RETURN_IF_ERROR(targets.AddOutput("targets", soft));
  return PruneDead(targets);
}

absl::StatusOr<std::unique_ptr<FrozenTeacher>> MakeTeacher(
    assay_host* host, const assay_trainer& t, const assay_teacher& raw) {
  if (!(raw.weight >= 0 && raw.weight <= 1) ||
      !(raw.temperature > 0 && std::isfinite(raw.temperature))) {
    return absl::InvalidArgumentError(absl::StrCat(
        "trainer.set_teacher: expected a weight in [0, 1] and a temperature "
        "above 0, got ",
        raw.weight, " and ", raw.temperature));
  }
  ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, raw.graph));
  ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, ReadableSet(host, raw.set));
  ASSAY_ASSIGN_OR_RETURN(const Graph targets,
                         TargetsOf(g->graph, t.plan.batch, raw.temperature));
  Device* device = host->options().device;
  auto teacher = std::make_unique<FrozenTeacher>(device);
  for (const ValueId id : targets.parameters()) {
    const std::string& name = targets.value(id).name;
    ASSAY_ASSIGN_OR_RETURN(const Tensor value, s->store.Get(name));
    ASSAY_RETURN_IF_ERROR(teacher->parameters.Set(name, value));
  }
  ASSAY_ASSIGN_OR_RETURN(
      teacher->session,
      Session::Make(&host->programs(false), targets, &teacher->parameters));
  teacher->macs = CostOf(targets).macs;
  return teacher;
}

assay_status* SetTeacher(assay_host* host, assay_trainer* trainer,
                         const assay_teacher* teacher) {
  return ServeRun(host, "trainer.set_teacher", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_trainer * t, FindTrainer(host, trainer));
    StepOptions options = t->trainer->options();
    options.loss.soft_targets = teacher != nullptr;
    std::unique_ptr<FrozenTeacher> made;
    if (teacher != nullptr) {
      ASSAY_ASSIGN_OR_RETURN(
          const assay_teacher raw,
          Receive(teacher, assay_teacher{}, "trainer.set_teacher"));
      ASSAY_ASSIGN_OR_RETURN(made, MakeTeacher(host, *t, raw));
      options.loss.soft_weight = raw.weight;
      options.loss.soft_temperature = raw.temperature;
    }
    ASSAY_RETURN_IF_ERROR(t->trainer->Reconfigure(std::move(options)));
    t->teacher = std::move(made);
    t->batch.reset();
    return absl::OkStatus();
  });
}

assay_status* Advance(assay_host* host, assay_trainer* trainer, int64_t steps,
                      assay_train_result* result) {
  return ServeRun(host, "trainer.advance", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_trainer * t, FindTrainer(host, trainer));
    return AdvanceTrainer(host, t, steps, result);
  });
}

// One pass over the batch of the step under way, counted.
absl::Status CountPass(assay_host* host, const assay_trainer& t) {
  ASSAY_RETURN_IF_ERROR(host->Afford(t.plan.batch, 0, 0));
  host->ledger().samples += t.plan.batch;
  host->ledger().macs += t.step_macs;
  return absl::OkStatus();
}

assay_status* Backward(assay_host* host, assay_trainer* trainer, double* loss) {
  return ServeRun(host, "trainer.backward", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_trainer * t, FindTrainer(host, trainer));
    ASSAY_RETURN_IF_ERROR(CountPass(host, *t));
    ASSAY_ASSIGN_OR_RETURN(t->batch, NextBatch(host, t));
    ASSAY_ASSIGN_OR_RETURN(*loss, t->trainer->Backward(t->batch->feeds));
    return absl::OkStatus();
  });
}

absl::Status CheckUnderWay(const assay_trainer& t, const char* function) {
  if (t.batch.has_value()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("trainer.", function, ": no backward before it"));
}

assay_status* BackwardAdd(assay_host* host, assay_trainer* trainer,
                          const assay_graph* graph, double* loss) {
  return ServeRun(host, "trainer.backward_add", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_trainer * t, FindTrainer(host, trainer));
    ASSAY_RETURN_IF_ERROR(CheckUnderWay(*t, "backward_add"));
    ASSAY_RETURN_IF_ERROR(CountPass(host, *t));
    if (graph == nullptr) {
      ASSAY_ASSIGN_OR_RETURN(*loss, t->trainer->BackwardAdd(t->batch->feeds));
      return absl::OkStatus();
    }
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    ASSAY_ASSIGN_OR_RETURN(const Graph subnet,
                           Rebatch(g->graph, t->plan.batch));
    ASSAY_ASSIGN_OR_RETURN(
        *loss, t->trainer->BackwardAdd(subnet, t->trainer->options().loss,
                                       t->batch->feeds));
    return absl::OkStatus();
  });
}

assay_status* Apply(assay_host* host, assay_trainer* trainer) {
  return ServeRun(host, "trainer.apply", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_trainer * t, FindTrainer(host, trainer));
    ASSAY_RETURN_IF_ERROR(CheckUnderWay(*t, "apply"));
    ASSAY_RETURN_IF_ERROR(host->Afford(0, 1, 0));
    ASSAY_RETURN_IF_ERROR(t->trainer->Apply(RateOf(*t)));
    ++host->ledger().steps;
    t->batch.reset();
    return absl::OkStatus();
  });
}

assay_status* CountStep(assay_host* host, assay_trainer* trainer) {
  return ServeRun(host, "trainer.count_step", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_trainer * t, FindTrainer(host, trainer));
    ASSAY_RETURN_IF_ERROR(CheckUnderWay(*t, "count_step"));
    ASSAY_RETURN_IF_ERROR(host->Afford(0, 1, 0));
    t->trainer->CountStep();
    ++host->ledger().steps;
    t->batch.reset();
    return absl::OkStatus();
  });
}

assay_status* Read(assay_host* host, assay_trainer* trainer, int32_t which,
                   assay_text parameter, assay_tensor** out) {
  return ServeRun(host, "trainer.read", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_trainer * t, FindTrainer(host, trainer));
    ASSAY_RETURN_IF_ERROR(CheckWhich(which));
    ASSAY_ASSIGN_OR_RETURN(Tensor value,
                           ReadTraining(*t->trainer, which, View(parameter)));
    *out =
        host->handles().Add(std::make_unique<assay_tensor>(std::move(value)));
    return absl::OkStatus();
  });
}

assay_status* Write(assay_host* host, assay_trainer* trainer, int32_t which,
                    assay_text parameter, const assay_tensor* tensor) {
  return ServeRun(host, "trainer.write", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_trainer * t, FindTrainer(host, trainer));
    ASSAY_RETURN_IF_ERROR(CheckWhich(which));
    ASSAY_ASSIGN_OR_RETURN(assay_tensor * from,
                           host->handles().Find(tensor, "tensor"));
    return WriteTraining(*t->trainer, which, View(parameter), from->tensor);
  });
}

int64_t StepsDone(assay_host* host, const assay_trainer* trainer) {
  const auto t = FindTrainer(host, trainer);
  return t.ok() ? (*t)->trainer->step() : 0;
}

assay_status* SetRateFactor(assay_host* host, assay_trainer* trainer,
                            double factor) {
  return ServeRun(host, "trainer.set_rate_factor", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_trainer * t, FindTrainer(host, trainer));
    if (!(factor >= 0 && std::isfinite(factor))) {
      return absl::InvalidArgumentError(absl::StrCat(
          "trainer.set_rate_factor: expected a finite number of at least 0, "
          "got ",
          factor));
    }
    t->rate_factor = factor;
    return absl::OkStatus();
  });
}

assay_status* Snapshot(assay_host* host, const assay_trainer* trainer,
                       assay_parameters** out) {
  return ServeRun(host, "trainer.snapshot", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_trainer * t, FindTrainer(host, trainer));
    auto set = std::make_unique<assay_parameters>();
    ASSAY_ASSIGN_OR_RETURN(set->store, TrainerState(*t));
    *out = host->handles().Add(std::move(set));
    return absl::OkStatus();
  });
}

assay_status* Restore(assay_host* host, assay_trainer* trainer,
                      const assay_parameters* state) {
  return ServeRun(host, "trainer.restore", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_trainer * t, FindTrainer(host, trainer));
    ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, ReadableSet(host, state));
    return RestoreTrainer(t, s->store);
  });
}

assay_status* Save(assay_host* host, const assay_trainer* trainer,
                   assay_parameters* set) {
  return ServeRun(host, "trainer.save", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_trainer * t, FindTrainer(host, trainer));
    ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, WritableSet(host, set));
    ASSAY_ASSIGN_OR_RETURN(const ParameterStore now, t->trainer->Parameters());
    for (const auto& [name, value] : now.values()) {
      PutParameter(host, s, name, value);
    }
    return absl::OkStatus();
  });
}

}  // namespace

const assay_trainer_table* TrainerTable() {
  static constexpr assay_trainer_table kTable = {
      ASSAY_SIZE(assay_trainer_table),
      1,
      &Make,
      &Free,
      &SetTeacher,
      &Advance,
      &Backward,
      &BackwardAdd,
      &Apply,
      &CountStep,
      &Read,
      &Write,
      &StepsDone,
      &SetRateFactor,
      &Snapshot,
      &Restore,
      &Save};
  return &kTable;
}

}  // namespace assay
