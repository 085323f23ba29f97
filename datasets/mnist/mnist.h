// MNIST: handwritten digits, grey 28 x 28, 10 classes (LeCun, Cortes, Burges).
// 54000 training, 6000 validation (carved from train), 10000 test images.
#ifndef ASSAY_DATASETS_MNIST_MNIST_H_
#define ASSAY_DATASETS_MNIST_MNIST_H_

#include "datasets/dataset_info.h"

namespace assay::datasets::mnist {

const DatasetInfo& Info();

}  // namespace assay::datasets::mnist

#endif  // ASSAY_DATASETS_MNIST_MNIST_H_
