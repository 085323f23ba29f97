// The trained reference network of a task: trained once, then read from a
// cache.
#ifndef ASSAY_HARNESS_TASKS_REFERENCE_NETWORK_H_
#define ASSAY_HARNESS_TASKS_REFERENCE_NETWORK_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/backend/device.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/tasks/task.h"
#include "harness/train/loop.h"

namespace assay {

struct ReferenceOptions {
  std::string cache_dir;  // empty: nothing is cached
  uint64_t seed = 0;
  int64_t steps = 0;  // 0: the recipe's; else that many, schedule and all
  bool bf16 = false;
  bool progress = true;
  const std::atomic<bool>* stop = nullptr;  // true: CANCELLED
};

struct ReferenceNetwork {
  Graph graph;  // inference form, at the task's evaluation batch
  ParameterStore parameters;
  std::string key;         // of the cache
  std::string path;        // of the checkpoint; empty without a cache
  bool cached = false;     // it was there already
  bool published = false;  // TaskSpec::published_weights, not trained here
  int64_t steps = 0;
  double seconds = 0;  // of the training that made it
  double validation_metric = 0;
};

// SHA-256 over all that the trained parameters depend on: the network's
// structure and initialisers, the recipe, published weights, the data set's
// fingerprint, the seed, the precision, the device's name and kernels, and
// kTrainingRevision.
absl::StatusOr<std::string> ReferenceKey(const Task& task, const OpSet& ops,
                                         const Device& device,
                                         const ReferenceOptions& options);

// Raised when a change to the engine changes what training gives.
inline constexpr int kTrainingRevision = 4;

// The weights that the task names, scored on validation (NOT_FOUND: their file
// is not there; DATA_LOSS: it is another), or those that its recipe trains.
//
// Reads <cache_dir>/<task id>-<first 16 digits of the key>.safetensors, or
// trains and writes it; the metadata say how it was made. While training, a
// checkpoint of the run lies beside it under the suffix ".partial", written
// every few minutes and when stopped: the next call goes on from there. A file
// that does not fit its key is an error, not retrained over.
//
// A network that the user brought (Task::Bring) is not trained: it is validated
// once, and written to the cache as the others are. INVALID_ARGUMENT where it
// does no better than guessing, with the order of labels that would explain it.
absl::StatusOr<ReferenceNetwork> GetReferenceNetwork(
    const Task& task, const OpSet& ops, Device* device,
    const ReferenceOptions& options);

}  // namespace assay

#endif  // ASSAY_HARNESS_TASKS_REFERENCE_NETWORK_H_
