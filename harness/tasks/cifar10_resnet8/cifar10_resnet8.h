// cifar10-resnet8: ResNet-8 on small photographs.
#ifndef ASSAY_HARNESS_TASKS_CIFAR10_RESNET8_CIFAR10_RESNET8_H_
#define ASSAY_HARNESS_TASKS_CIFAR10_RESNET8_CIFAR10_RESNET8_H_

#include <vector>

#include "harness/tasks/task_spec.h"

namespace assay::tasks::cifar10_resnet8 {

std::vector<TaskSpec> Specs();

}  // namespace assay::tasks::cifar10_resnet8

#endif  // ASSAY_HARNESS_TASKS_CIFAR10_RESNET8_CIFAR10_RESNET8_H_
