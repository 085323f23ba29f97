// sst2-lme-xs: a small encoder on sentences from film reviews.
#ifndef ASSAY_HARNESS_TASKS_SST2_LME_XS_SST2_LME_XS_H_
#define ASSAY_HARNESS_TASKS_SST2_LME_XS_SST2_LME_XS_H_

#include <vector>

#include "harness/tasks/task_spec.h"

namespace assay::tasks::sst2_lme_xs {

std::vector<TaskSpec> Specs();

}  // namespace assay::tasks::sst2_lme_xs

#endif  // ASSAY_HARNESS_TASKS_SST2_LME_XS_SST2_LME_XS_H_
