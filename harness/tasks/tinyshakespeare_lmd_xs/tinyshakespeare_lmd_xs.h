// tinyshakespeare-lmd-xs: a small decoder on the bytes of plays.
#ifndef ASSAY_HARNESS_TASKS_TINYSHAKESPEARE_LMD_XS_TINYSHAKESPEARE_LMD_XS_H_
#define ASSAY_HARNESS_TASKS_TINYSHAKESPEARE_LMD_XS_TINYSHAKESPEARE_LMD_XS_H_

#include <vector>

#include "harness/tasks/task_spec.h"

namespace assay::tasks::tinyshakespeare_lmd_xs {

std::vector<TaskSpec> Specs();

}  // namespace assay::tasks::tinyshakespeare_lmd_xs

#endif  // ASSAY_HARNESS_TASKS_TINYSHAKESPEARE_LMD_XS_TINYSHAKESPEARE_LMD_XS_H_
