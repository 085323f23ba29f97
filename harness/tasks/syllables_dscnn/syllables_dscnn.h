// syllables-dscnn: DS-CNN on synthesised syllables. Needs no files.
#ifndef ASSAY_HARNESS_TASKS_SYLLABLES_DSCNN_SYLLABLES_DSCNN_H_
#define ASSAY_HARNESS_TASKS_SYLLABLES_DSCNN_SYLLABLES_DSCNN_H_

#include <vector>

#include "harness/tasks/task_spec.h"

namespace assay::tasks::syllables_dscnn {

std::vector<TaskSpec> Specs();

}  // namespace assay::tasks::syllables_dscnn

#endif  // ASSAY_HARNESS_TASKS_SYLLABLES_DSCNN_SYLLABLES_DSCNN_H_
