// CIFAR-10: photographs, RGB 32 x 32, 10 classes (Krizhevsky 2009). 45000
// training, 5000 validation (carved from the five training batches by
// CarveValidation), 10000 test images.
#ifndef ASSAY_DATASETS_CIFAR10_CIFAR10_H_
#define ASSAY_DATASETS_CIFAR10_CIFAR10_H_

#include "datasets/dataset_info.h"

namespace assay::datasets::cifar10 {

const DatasetInfo& Info();

}  // namespace assay::datasets::cifar10

#endif  // ASSAY_DATASETS_CIFAR10_CIFAR10_H_
