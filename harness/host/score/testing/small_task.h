// A task that is scored in no time.
#ifndef ASSAY_HARNESS_HOST_SCORE_TESTING_SMALL_TASK_H_
#define ASSAY_HARNESS_HOST_SCORE_TESTING_SMALL_TASK_H_

#include <cstdint>
#include <memory>

#include "harness/tasks/task.h"

namespace assay {

struct SmallTaskSizes {
  int64_t train, validation, test;  // images
  int64_t evaluation_batch, batch;
};

// "random-lenet5": LeNet-5 over random images of [1,12,12] in three classes,
// which come in turn.
std::unique_ptr<Task> MakeSmallTask(const SmallTaskSizes& sizes);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SCORE_TESTING_SMALL_TASK_H_
