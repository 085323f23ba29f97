// fsdd-dscnn: DS-CNN on spoken digits, on the official split, and
// fsdd-dscnn-without-<speaker>: the same with one speaker held out for the
// test.
#ifndef ASSAY_HARNESS_TASKS_FSDD_DSCNN_FSDD_DSCNN_H_
#define ASSAY_HARNESS_TASKS_FSDD_DSCNN_FSDD_DSCNN_H_

#include <vector>

#include "harness/tasks/task_spec.h"

namespace assay::tasks::fsdd_dscnn {

std::vector<TaskSpec> Specs();

}  // namespace assay::tasks::fsdd_dscnn

#endif  // ASSAY_HARNESS_TASKS_FSDD_DSCNN_FSDD_DSCNN_H_
