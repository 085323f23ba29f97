// Where batches come from.
#ifndef ASSAY_HARNESS_TRAIN_BATCH_H_
#define ASSAY_HARNESS_TRAIN_BATCH_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/core/tensor.h"

namespace assay {

// Tensors by the name of the input that they feed: "image", "labels".
using Feeds = std::vector<std::pair<std::string, Tensor>>;

struct Batch {
  Feeds feeds;
  int64_t samples = 0;  // rows that count; the rest pads the batch
};

// Batches by number, each a pure function of that number: to resume at step k
// is to ask for batch k.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  virtual int64_t batch_size() const = 0;
  // Of one epoch, or of the whole split when evaluating.
  virtual int64_t batch_count() const = 0;
  // `number` counts from 0 without end when training. Fresh tensors each time.
  // One thread at a time, whichever.
  virtual absl::StatusOr<Batch> Make(int64_t number) = 0;
};

// Makes batches first, first + 1, ... limit - 1 ahead on a thread of its own,
// at most two of them in memory. The source must outlive it.
class Prefetcher {
 public:
  Prefetcher(BatchSource* source, int64_t first, int64_t limit);
  ~Prefetcher();
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  // The next batch, or the error that making it met; OUT_OF_RANGE at `limit`.
  absl::StatusOr<Batch> Next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_TRAIN_BATCH_H_
