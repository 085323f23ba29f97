// Free Spoken Digit Dataset: ten digits by six speakers, 8 kHz, 3000
// recordings.
//
// speaker split (option holdout_speaker):
//   none     the official split: recordings 0 to 4 of each digit and speaker
//            are test (300), 2700 remain
//   NAME     all 500 recordings of NAME are test, 2500 remain
// A tenth of what remains is validation, by CarveValidation().
//
// front end (option front_end, see datasets/audio/front_end.h):
//   log_mel  f32 [1, 98, 40]
//   mfcc     f32 [1, 49, 10], the input of DS-CNN
#ifndef ASSAY_DATASETS_FSDD_FSDD_H_
#define ASSAY_DATASETS_FSDD_FSDD_H_

#include "datasets/dataset_info.h"

namespace assay::datasets::fsdd {

const DatasetInfo& Info();

}  // namespace assay::datasets::fsdd

#endif  // ASSAY_DATASETS_FSDD_FSDD_H_
