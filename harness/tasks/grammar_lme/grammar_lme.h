// grammar-lme: a small encoder on generated opinions. Needs no files.
#ifndef ASSAY_HARNESS_TASKS_GRAMMAR_LME_GRAMMAR_LME_H_
#define ASSAY_HARNESS_TASKS_GRAMMAR_LME_GRAMMAR_LME_H_

#include <vector>

#include "harness/tasks/task_spec.h"

namespace assay::tasks::grammar_lme {

std::vector<TaskSpec> Specs();

}  // namespace assay::tasks::grammar_lme

#endif  // ASSAY_HARNESS_TASKS_GRAMMAR_LME_GRAMMAR_LME_H_
