// What a task is, as data: data set, network, recipe, metric, target.
#ifndef ASSAY_HARNESS_TASKS_TASK_SPEC_H_
#define ASSAY_HARNESS_TASKS_TASK_SPEC_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "datasets/options.h"
#include "harness/train/loss.h"
#include "harness/train/optimizer.h"
#include "harness/train/schedule.h"

namespace assay {

enum class Metric : uint8_t {
  kAccuracy,     // fraction of samples, higher is better
  kBitsPerByte,  // of a byte stream, lower is better
};

// "accuracy", "bits_per_byte".
absl::string_view Name(Metric metric);
constexpr bool HigherIsBetter(Metric metric) {
  return metric == Metric::kAccuracy;
}

// How training samples vary from epoch to epoch, after standardisation; what
// comes in from outside is 0, the mean.
enum class Augmentation : uint8_t {
  kNone,
  kCropAndFlip,  // images: shifted by up to 4 pixels each way, half mirrored
  kShift,        // images: shifted by up to 2 pixels each way
  kShiftTime,    // features: shifted by up to a tenth of the frames each way
};
absl::string_view Name(Augmentation augmentation);

// How the task's reference network is trained. A method's own training starts
// from it and says what it changes.
struct TrainingRecipe {
  int64_t batch = 64;
  // The length of the run: `epochs` of the training split, or, where that is 0,
  // `steps`.
  int64_t epochs = 0;
  int64_t steps = 0;
  double warmup = 0;  // fraction of the run
  Schedule schedule;  // its steps and warm-up are filled in from the above
  Augmentation augmentation = Augmentation::kNone;
  LossOptions loss;
  OptimizerOptions optimizer;
};

// Weights that others published for a network: safetensors under PyTorch's
// names (harness/models/torch_names.h).
struct PublishedWeights {
  std::string file;  // below the data folder
  std::string sha256;
};

struct TaskSpec {
  std::string id;       // "cifar10-resnet20"
  std::string summary;  // a line for people
  // Raised when anything below changes: results of two versions do not compare.
  uint32_t version = 1;
  std::string dataset;  // a name in datasets/registry.h
  DatasetOptions dataset_options;
  std::string network;  // a name in harness/models/registry.h

  // Standardisation (x - mean) / stddev per channel of images and features;
  // empty: the data set's own, measured on its training split. {0} and {1}
  // leave values alone.
  std::vector<float> mean, stddev;

  Metric metric = Metric::kAccuracy;
  double target = 0;  // metric value at which the task counts as reached
  int64_t evaluation_batch = 100;
  TrainingRecipe recipe;
  // Where a file is named, the reference network has these weights instead of
  // what the recipe trains; the recipe serves methods that train on. What they
  // were trained with is not known here: the validation split may be part of
  // it, so that only their test figures can be trusted.
  PublishedWeights published_weights;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_TASKS_TASK_SPEC_H_
