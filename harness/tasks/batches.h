// Batches of a data set: for training (endless, shuffled, augmented) and for
// evaluation (once through, in order).
#ifndef ASSAY_HARNESS_TASKS_BATCHES_H_
#define ASSAY_HARNESS_TASKS_BATCHES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "datasets/dataset.h"
#include "harness/tasks/task_spec.h"
#include "harness/train/batch.h"

namespace assay {

// How samples become feeds.
struct BatchOptions {
  int64_t batch = 64;
  std::string input;                // of the network: "image"
  std::vector<float> mean, stddev;  // empty: tokens, left alone
  // Samples of the split to use, by index; empty: all.
  std::vector<int64_t> samples;
};

// Training batches, endless. Independent samples: epoch e visits the samples in
// a random order of its own and leaves out the last incomplete batch (fewer
// samples than a batch go round until it is full). Streams:
// every batch draws its windows uniformly, and an epoch is as many batches as
// hold the stream's tokens once. Batch k depends on `seed` and k alone, through
// the streams "order/<epoch>", "windows/<k>" and "augment/.../<k>". The data
// set must outlive the source and hold at least one batch of samples
// (asserted).
std::unique_ptr<BatchSource> TrainingBatches(const Dataset* dataset,
                                             BatchOptions options,
                                             Augmentation augmentation,
                                             uint64_t seed);

// Every sample once, in order; the last batch is padded with copies of its
// first row whose labels are ignored. For independent samples.
std::unique_ptr<BatchSource> SampleBatches(const Dataset* dataset, Split split,
                                           BatchOptions options);

// The windows that score a stream of n tokens: every token but the first is
// predicted exactly once, and with `overlapping` from at least half a window of
// context (but in the first window): windows start every half window and score
// their second half. Otherwise windows do not overlap, which is fast and
// pessimistic.
std::unique_ptr<BatchSource> StreamBatches(const Dataset* dataset, Split split,
                                           BatchOptions options,
                                           bool overlapping);

}  // namespace assay

#endif  // ASSAY_HARNESS_TASKS_BATCHES_H_
