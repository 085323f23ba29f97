// shapes-resnet8: ResNet-8 on generated images of outlines. Needs no files.
#ifndef ASSAY_HARNESS_TASKS_SHAPES_RESNET8_SHAPES_RESNET8_H_
#define ASSAY_HARNESS_TASKS_SHAPES_RESNET8_SHAPES_RESNET8_H_

#include <vector>

#include "harness/tasks/task_spec.h"

namespace assay::tasks::shapes_resnet8 {

std::vector<TaskSpec> Specs();

}  // namespace assay::tasks::shapes_resnet8

#endif  // ASSAY_HARNESS_TASKS_SHAPES_RESNET8_SHAPES_RESNET8_H_
