// Fashion-MNIST: articles of clothing, grey 28 x 28, 10 classes (Xiao, Rasul,
// Vollgraf 2017). 54000 training, 6000 validation (carved from train), 10000
// test images.
#ifndef ASSAY_DATASETS_FASHION_MNIST_FASHION_MNIST_H_
#define ASSAY_DATASETS_FASHION_MNIST_FASHION_MNIST_H_

#include "datasets/dataset_info.h"

namespace assay::datasets::fashion_mnist {

const DatasetInfo& Info();

}  // namespace assay::datasets::fashion_mnist

#endif  // ASSAY_DATASETS_FASHION_MNIST_FASHION_MNIST_H_
