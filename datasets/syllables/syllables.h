// Syllables: ten synthesised consonant-vowel syllables by random speakers in
// noise, through the front end of datasets/audio. Embedded: needs no files.
//
//   front_end=log_mel   f32 [1, 98, 40] (default)
//   front_end=mfcc      f32 [1, 49, 10]
//
// 2000 training, 400 validation, 1000 test sounds; every split has equally many
// of each class (sample i is of class i mod 10). Errors are due to overlapping
// vowels and noise, never to wrong labels.
#ifndef ASSAY_DATASETS_SYLLABLES_SYLLABLES_H_
#define ASSAY_DATASETS_SYLLABLES_SYLLABLES_H_

#include "datasets/dataset_info.h"

namespace assay::datasets::syllables {

const DatasetInfo& Info();

}  // namespace assay::datasets::syllables

#endif  // ASSAY_DATASETS_SYLLABLES_SYLLABLES_H_
