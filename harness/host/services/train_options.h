// From the ABI's options of a training to what the loop takes.
#ifndef ASSAY_HARNESS_HOST_SERVICES_TRAIN_OPTIONS_H_
#define ASSAY_HARNESS_HOST_SERVICES_TRAIN_OPTIONS_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "harness/host/services/service_host.h"
#include "harness/train/batch.h"
#include "harness/train/schedule.h"
#include "harness/train/step.h"

namespace assay {

// A training with every choice made.
struct TrainPlan {
  int64_t batch = 0;
  int64_t steps = 0;
  int64_t first_step = 0;  // the schedule's position at the start
  Schedule schedule;
  StepOptions options;
  std::unique_ptr<BatchSource> source;
  const ParameterStore* masks = nullptr;
  std::string label;
};

// All options "as the recipe says".
assay_train_options UnsetTrainOptions();

// INVALID_ARGUMENT names the option, expected and got.
absl::StatusOr<TrainPlan> PlanTraining(assay_host* host,
                                       const assay_train_options& raw);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SERVICES_TRAIN_OPTIONS_H_
