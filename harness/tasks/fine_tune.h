// Training a task's network on, from weights that are trained already.
#ifndef ASSAY_HARNESS_TASKS_FINE_TUNE_H_
#define ASSAY_HARNESS_TASKS_FINE_TUNE_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "harness/backend/device.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/tasks/task.h"

namespace assay {

// Of the recipe's peak learning rate: as much as trained weights bear.
inline constexpr double kFineTuneRate = 0.1;

struct FineTuneOptions {
  int64_t steps = 1;  // of the recipe's batch
  uint64_t seed = 0;
  bool bf16 = false;
  bool progress = true;
  const std::atomic<bool>* stop = nullptr;  // true: CANCELLED
};

struct FineTuned {
  ParameterStore parameters;
  int64_t steps = 0, samples = 0;
  double seconds = 0;
  double validation_metric = 0;
  std::string recipe;  // in words
};

// The task's own recipe (batch, optimiser, loss, augmentation), with a rate
// that falls from kFineTuneRate of its peak to 0 along half a cosine, after a
// warm-up over a twentieth of the steps. `network` is in inference form.
// INVALID_ARGUMENT: no steps. Other errors are those of training.
absl::StatusOr<FineTuned> FineTune(const Task& task, Device* device,
                                   const Graph& network,
                                   const ParameterStore& parameters,
                                   const FineTuneOptions& options);

}  // namespace assay

#endif  // ASSAY_HARNESS_TASKS_FINE_TUNE_H_
