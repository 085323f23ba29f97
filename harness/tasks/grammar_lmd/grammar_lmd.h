// grammar-lmd: a tiny decoder on generated stories. Needs no files.
#ifndef ASSAY_HARNESS_TASKS_GRAMMAR_LMD_GRAMMAR_LMD_H_
#define ASSAY_HARNESS_TASKS_GRAMMAR_LMD_GRAMMAR_LMD_H_

#include <vector>

#include "harness/tasks/task_spec.h"

namespace assay::tasks::grammar_lmd {

std::vector<TaskSpec> Specs();

}  // namespace assay::tasks::grammar_lmd

#endif  // ASSAY_HARNESS_TASKS_GRAMMAR_LMD_GRAMMAR_LMD_H_
