// WikiText-2: Wikipedia articles, tokenised, with <unk> (Merity et al. 2016),
// as byte streams in the official three parts. One token is one byte; words are
// counted with one <eos> for each line.
#ifndef ASSAY_DATASETS_WIKITEXT2_WIKITEXT2_H_
#define ASSAY_DATASETS_WIKITEXT2_WIKITEXT2_H_

#include "datasets/dataset_info.h"

namespace assay::datasets::wikitext2 {

const DatasetInfo& Info();

}  // namespace assay::datasets::wikitext2

#endif  // ASSAY_DATASETS_WIKITEXT2_WIKITEXT2_H_
