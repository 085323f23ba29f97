// Shapes: generated images of ten outlines in random pose, size, stretch and
// colour, before a gradient with clutter, partly occluded, with noise.
// Embedded: needs no files, the same bytes every time.
//
//   colour=rgb    f32 [3, 32, 32] (default)
//   colour=grey   f32 [1, 28, 28]
//
// 6000 training, 1000 validation, 2000 test images; every split has equally
// many of each class (sample i is of class i mod 10). Errors are due to what
// cannot be seen (small, occluded, noisy outlines), never to wrong labels.
#ifndef ASSAY_DATASETS_SHAPES_SHAPES_H_
#define ASSAY_DATASETS_SHAPES_SHAPES_H_

#include "datasets/dataset_info.h"

namespace assay::datasets::shapes {

const DatasetInfo& Info();

}  // namespace assay::datasets::shapes

#endif  // ASSAY_DATASETS_SHAPES_SHAPES_H_
