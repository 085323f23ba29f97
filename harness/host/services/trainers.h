// Trainings behind handles: what `assay.train`, `assay.trainer` and
// `assay.workers` share.
#ifndef ASSAY_HARNESS_HOST_SERVICES_TRAINERS_H_
#define ASSAY_HARNESS_HOST_SERVICES_TRAINERS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/backend/session.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/host/services/service_host.h"
#include "harness/host/services/train_options.h"
#include "harness/train/trainer.h"

namespace assay {

// A frozen network and what it says of a batch.
struct FrozenTeacher {
  explicit FrozenTeacher(Device* device) : parameters(device) {}

  DeviceParameters parameters;
  std::unique_ptr<Session> session;  // output "targets", [rows of logits]
  int64_t macs = 0;                  // of one batch
};

}  // namespace assay

struct assay_trainer final : assay::Handle {
  std::unique_ptr<assay::Trainer> trainer;
  assay::TrainPlan plan;  // without masks
  int64_t step_macs = 0;
  double rate_factor = 1;
  std::unique_ptr<assay::FrozenTeacher> teacher;  // null: none
  // Of the step under way: between backward and apply.
  std::optional<assay::Batch> batch;
};

namespace assay {

// A tensor of a training, ASSAY_OF_VALUE, _GRADIENT or _MASK; a mask that does
// not exist reads as ones.
absl::StatusOr<Tensor> ReadTraining(const Trainer& trainer, int32_t which,
                                    absl::string_view parameter);
absl::Status WriteTraining(Trainer& trainer, int32_t which,
                           absl::string_view parameter, const Tensor& value);
// INVALID_ARGUMENT for another number.
absl::Status CheckWhich(int32_t which);

// The masks of a plan, over the values that they are for.
absl::Status CopyMasksIn(Trainer& trainer, const ParameterStore& values,
                         const ParameterStore& masks);

absl::StatusOr<std::unique_ptr<assay_trainer>> MakeTrainer(
    assay_host* host, const Graph& graph, const ParameterStore& values,
    const assay_train_options* options);

// The batch of the next step, with the teacher's answers where there is one.
absl::StatusOr<Batch> NextBatch(assay_host* host, assay_trainer* t);
// The learning rate of the next step.
double RateOf(const assay_trainer& t);

// Makes steps, counted in the ledger; ends early when the host wishes.
absl::Status AdvanceTrainer(assay_host* host, assay_trainer* t, int64_t steps,
                            assay_train_result* result);

// State as `assay.trainer` describes snapshots.
absl::StatusOr<ParameterStore> TrainerState(const assay_trainer& t);
absl::Status RestoreTrainer(assay_trainer* t, const ParameterStore& state);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SERVICES_TRAINERS_H_
