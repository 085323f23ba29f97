// What the services know of the task: data, recipe, figures.
#ifndef ASSAY_HARNESS_HOST_SERVICES_SERVED_TASK_H_
#define ASSAY_HARNESS_HOST_SERVICES_SERVED_TASK_H_

#include <vector>

#include "harness/models/init.h"
#include "harness/tasks/task.h"

namespace assay {

struct ServedTask {
  const Task* task = nullptr;  // splits train and validation are read
  std::vector<Initialiser> initialisers;  // of the reference network
  double chance = 0;     // metric of a constant guess on validation
  double reference = 0;  // of the reference network on validation
};

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SERVICES_SERVED_TASK_H_
