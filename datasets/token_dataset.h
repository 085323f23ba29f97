// Language-modelling data: three byte streams seen through a sliding window.
#ifndef ASSAY_DATASETS_TOKEN_DATASET_H_
#define ASSAY_DATASETS_TOKEN_DATASET_H_

#include <array>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "datasets/dataset.h"
#include "datasets/options.h"

namespace assay {

// The option that every stream has: window=N, 128 unless given.
OptionDoc WindowOption();

// One token is one byte (vocabulary 256, no special tokens). Sample i of a
// split is bytes [i, i + window) and its label bytes [i + 1, i + window + 1).
// Sets the spec's form, type, shapes, classes and vocabulary.
//
// `streams` in the order of Split. DATA_LOSS: a stream has no more than
// `window` bytes, so that it holds no sample.
absl::StatusOr<std::unique_ptr<Dataset>> MakeTokenDataset(
    DatasetSpec spec, int64_t window, std::array<std::string, 3> streams);

// Words between blanks, and one for each end of line (the <eos> of word-level
// models): the denominator of perplexity per word.
int64_t CountWords(absl::string_view text);

}  // namespace assay

#endif  // ASSAY_DATASETS_TOKEN_DATASET_H_
