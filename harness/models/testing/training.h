// Some training steps of a reference network on one batch, for tests.
#ifndef ASSAY_HARNESS_MODELS_TESTING_TRAINING_H_
#define ASSAY_HARNESS_MODELS_TESTING_TRAINING_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/backend/device.h"
#include "harness/graph/parameter_store.h"
#include "harness/models/layers.h"
#include "harness/train/optimizer.h"

namespace assay {

struct TrainingRecipe {
  OptimizerOptions optimizer;
  double learning_rate = 0;
  int steps = 20;
  uint64_t seed = 1;  // of the initial values, the inputs and the labels
};

// AdamW without decay: what brings every network of the zoo down.
TrainingRecipe PlainAdamW();

// Runs whose losses and parameters PyTorch has computed
// (testdata/training_golden.txt).
struct GoldenRun {
  const char* network;  // of BuildSmall, at kGoldenBatch
  TrainingRecipe recipe;
};
inline constexpr int64_t kGoldenBatch = 8;
std::vector<GoldenRun> GoldenRuns();

struct TrainingResult {
  std::vector<double> losses;  // of each step's forward pass
  ParameterStore parameters;   // after the last, with the optimiser's state
};

// Trains on SampleInputs and SampleLabels, batch norm by the batch, without
// dropout.
absl::StatusOr<TrainingResult> Train(const ReferenceGraph& net, Device* device,
                                     const TrainingRecipe& recipe);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_TESTING_TRAINING_H_
