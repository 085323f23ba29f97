// SST-2: sentences of film reviews, negative (0) or positive (1), from the
// Stanford Sentiment Treebank (Socher et al. 2013), whole sentences only. The
// authors' three parts: 6920 training, 872 validation, 1821 test.
//
// Options tokens and length: see datasets/text/text_dataset.h.
#ifndef ASSAY_DATASETS_SST2_SST2_H_
#define ASSAY_DATASETS_SST2_SST2_H_

#include "datasets/dataset_info.h"

namespace assay::datasets::sst2 {

const DatasetInfo& Info();

}  // namespace assay::datasets::sst2

#endif  // ASSAY_DATASETS_SST2_SST2_H_
