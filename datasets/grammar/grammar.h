// Grammar: text from two small probabilistic grammars. Embedded: needs no
// files.
//
//   form=stories    a byte stream for language modelling (default): 1,000,000
//                   training, 50,000 validation and 50,000 test bytes; option
//                   window (128)
//   form=opinions   sentences that disapprove (0) or approve (1): 8000
//                   training, 1000 validation, 2000 test, half of each; options
//                   tokens and length as in datasets/text/text_dataset.h
//
// stories.h and opinions.h say what there is to learn.
#ifndef ASSAY_DATASETS_GRAMMAR_GRAMMAR_H_
#define ASSAY_DATASETS_GRAMMAR_GRAMMAR_H_

#include "datasets/dataset_info.h"

namespace assay::datasets::grammar {

const DatasetInfo& Info();

}  // namespace assay::datasets::grammar

#endif  // ASSAY_DATASETS_GRAMMAR_GRAMMAR_H_
