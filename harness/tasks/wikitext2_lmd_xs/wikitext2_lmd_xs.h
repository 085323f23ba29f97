// wikitext2-lmd-xs: a small decoder on the bytes of Wikipedia articles.
#ifndef ASSAY_HARNESS_TASKS_WIKITEXT2_LMD_XS_WIKITEXT2_LMD_XS_H_
#define ASSAY_HARNESS_TASKS_WIKITEXT2_LMD_XS_WIKITEXT2_LMD_XS_H_

#include <vector>

#include "harness/tasks/task_spec.h"

namespace assay::tasks::wikitext2_lmd_xs {

std::vector<TaskSpec> Specs();

}  // namespace assay::tasks::wikitext2_lmd_xs

#endif  // ASSAY_HARNESS_TASKS_WIKITEXT2_LMD_XS_WIKITEXT2_LMD_XS_H_
