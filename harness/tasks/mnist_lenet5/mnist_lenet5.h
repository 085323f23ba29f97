// mnist-lenet5: LeNet-5 on handwritten digits.
#ifndef ASSAY_HARNESS_TASKS_MNIST_LENET5_MNIST_LENET5_H_
#define ASSAY_HARNESS_TASKS_MNIST_LENET5_MNIST_LENET5_H_

#include <vector>

#include "harness/tasks/task_spec.h"

namespace assay::tasks::mnist_lenet5 {

std::vector<TaskSpec> Specs();

}  // namespace assay::tasks::mnist_lenet5

#endif  // ASSAY_HARNESS_TASKS_MNIST_LENET5_MNIST_LENET5_H_
