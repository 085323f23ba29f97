// Text classification from labelled lines, as tokens of one length.
#ifndef ASSAY_DATASETS_TEXT_TEXT_DATASET_H_
#define ASSAY_DATASETS_TEXT_TEXT_DATASET_H_

#include <array>
#include <memory>
#include <vector>

#include "datasets/dataset.h"
#include "datasets/formats/labelled_lines.h"
#include "datasets/options.h"

namespace assay {

// The options of every text classification data set:
//   tokens=wp8192   word pieces of at most 8192 ids, trained on the training
//                   split (datasets/text/word_pieces.h); vocabulary 8192
//   tokens=bytes    the bytes themselves; vocabulary 256
//   length=N        tokens of a sample, 64 unless given
std::vector<OptionDoc> TextOptions();

// A sample is [CLS] tokens [SEP], cut so that [SEP] is the last of `length`, or
// padded with 0. [CLS] is 2 and [SEP] 3 in both vocabularies; bytes below 32,
// which text does not use, become [UNK], 1. Sets the spec's form, type, sample
// shape and vocabulary. `lines` in the order of Split; none may be empty.
std::unique_ptr<Dataset> MakeTextDataset(
    DatasetSpec spec, const DatasetOptions& resolved,
    const std::array<std::vector<LabelledLine>, 3>& lines);

}  // namespace assay

#endif  // ASSAY_DATASETS_TEXT_TEXT_DATASET_H_
