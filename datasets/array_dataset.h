// Data sets of independent samples: pools of rows, and splits that list rows.
#ifndef ASSAY_DATASETS_ARRAY_DATASET_H_
#define ASSAY_DATASETS_ARRAY_DATASET_H_

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "datasets/dataset.h"
#include "harness/core/tensor.h"

namespace assay {

// Samples and labels of one source. u8 pixels cost a quarter of f32 and become
// value / 255 in a batch.
struct Pool {
  Tensor features;  // [rows, sample_shape...]: the spec's type, or u8 for f32
  Tensor labels;    // s32 [rows]
};

// Rows of one pool, by index.
struct Rows {
  std::shared_ptr<const Pool> pool;
  std::vector<int64_t> index;
};

// All rows of `pool`, in order.
Rows AllRows(std::shared_ptr<const Pool> pool);

// The three splits in the order of Split, each made by `generate` on a thread
// of its own; for sources where each split draws from its own stream.
std::array<Rows, 3> GenerateSplits(const std::function<Rows(Split)>& generate);

// Splits `n` rows where the authors gave no validation part: a fixed, seeded
// permutation of 0..n-1 whose last `held_out` entries are validation. Both
// lists are sorted. The same n and held_out give the same lists for ever.
struct Carved {
  std::vector<int64_t> train, validation;
};
Carved CarveValidation(int64_t n, int64_t held_out);

// Fills spec->mean and spec->stddev from training rows, per channel (the first
// extent of a sample).
void MeasureChannels(const Rows& train, DatasetSpec* spec);

// `splits` in the order of Split. Shapes and types must fit the spec (aborts
// otherwise: a loader's bug, not the data's).
std::unique_ptr<Dataset> MakeArrayDataset(DatasetSpec spec,
                                          std::array<Rows, 3> splits);

}  // namespace assay

#endif  // ASSAY_DATASETS_ARRAY_DATASET_H_
