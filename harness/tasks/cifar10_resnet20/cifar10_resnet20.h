// cifar10-resnet20: ResNet-20 on small photographs.
// cifar10-resnet20-published, cifar10-resnet56-published: with the weights that
// their authors published, scored at 91.73 % and 93.39 % of the test split.
#ifndef ASSAY_HARNESS_TASKS_CIFAR10_RESNET20_CIFAR10_RESNET20_H_
#define ASSAY_HARNESS_TASKS_CIFAR10_RESNET20_CIFAR10_RESNET20_H_

#include <vector>

#include "harness/tasks/task_spec.h"

namespace assay::tasks::cifar10_resnet20 {

std::vector<TaskSpec> Specs();

}  // namespace assay::tasks::cifar10_resnet20

#endif  // ASSAY_HARNESS_TASKS_CIFAR10_RESNET20_CIFAR10_RESNET20_H_
