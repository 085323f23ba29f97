#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/host/services/graph_access.h"
#include "harness/host/services/tables.h"
#include "harness/host/services/trainers.h"

struct assay_workers final : assay::Handle {
  std::vector<assay_trainer*> trainers;  // lent
};

namespace assay {
namespace {

absl::StatusOr<assay_workers*> FindWorkers(assay_host* host,
                                           const assay_workers* workers) {
  return host->handles().Find(workers, "workers");
}

absl::StatusOr<assay_trainer*> FindWorker(assay_host* host,
                                          const assay_workers* workers,
                                          uint32_t worker) {
  ASSAY_ASSIGN_OR_RETURN(assay_workers * w, FindWorkers(host, workers));
  if (worker < w->trainers.size()) return w->trainers[worker];
  return absl::OutOfRangeError(absl::StrCat(
      "workers: there are ", w->trainers.size(), ", asked for ", worker));
}

void RemoveTrainers(assay_host* host, const assay_workers& workers) {
  for (const assay_trainer* t : workers.trainers) host->handles().Remove(t);
}

assay_status* Make(assay_host* host, const assay_graph* graph,
                   const assay_parameters* set,
                   const assay_train_options* const* options, uint32_t count,
                   assay_workers** out) {
  return ServeRun(host, "workers.make", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, ReadableSet(host, set));
    std::vector<std::unique_ptr<assay_trainer>> made;
    for (uint32_t i = 0; i < count; ++i) {
      ASSAY_ASSIGN_OR_RETURN(std::unique_ptr<assay_trainer> trainer,
                             MakeTrainer(host, g->graph, s->store, options[i]));
      trainer->lent = true;
      made.push_back(std::move(trainer));
    }
    auto workers = std::make_unique<assay_workers>();
    for (auto& trainer : made) {
      workers->trainers.push_back(host->handles().Add(std::move(trainer)));
    }
    *out = host->handles().Add(std::move(workers));
    return absl::OkStatus();
  });
}

void Free(assay_host* host, assay_workers* workers) {
  const auto w = FindWorkers(host, workers);
  if (!w.ok()) {
    host->sink().Misbehaviour(w.status().message());
    return;
  }
  RemoveTrainers(host, **w);
  host->handles().Remove(*w);
}

uint32_t Count(assay_host* host, const assay_workers* workers) {
  const auto w = FindWorkers(host, workers);
  return w.ok() ? static_cast<uint32_t>((*w)->trainers.size()) : 0;
}

assay_status* TrainerOf(assay_host* host, const assay_workers* workers,
                        uint32_t worker, assay_trainer** out) {
  return ServeRun(host, "workers.trainer", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(*out, FindWorker(host, workers, worker));
    return absl::OkStatus();
  });
}

// One after the other: the device's threads are used whole by each.
assay_status* Advance(assay_host* host, assay_workers* workers, int64_t steps,
                      double* losses) {
  return ServeRun(host, "workers.advance", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_workers * w, FindWorkers(host, workers));
    for (size_t i = 0; i < w->trainers.size(); ++i) {
      assay_train_result result{};
      result.size = ASSAY_SIZE(assay_train_result);
      ASSAY_RETURN_IF_ERROR(
          AdvanceTrainer(host, w->trainers[i], steps, &result));
      losses[i] = result.loss;
    }
    return absl::OkStatus();
  });
}

assay_status* Copy(assay_host* host, assay_workers* workers, uint32_t from,
                   uint32_t to) {
  return ServeRun(host, "workers.copy", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_trainer * source,
                           FindWorker(host, workers, from));
    ASSAY_ASSIGN_OR_RETURN(assay_trainer * target,
                           FindWorker(host, workers, to));
    ASSAY_ASSIGN_OR_RETURN(const ParameterStore state, TrainerState(*source));
    return RestoreTrainer(target, state);
  });
}

}  // namespace

const assay_workers_table* WorkersTable() {
  static constexpr assay_workers_table kTable = {
      ASSAY_SIZE(assay_workers_table),
      1,
      &Make,
      &Free,
      &Count,
      &TrainerOf,
      &Advance,
      &Copy};
  return &kTable;
}

}  // namespace assay
