#include "harness/tasks/mnist_lenet5/mnist_lenet5.h"

namespace assay::tasks::mnist_lenet5 {

std::vector<TaskSpec> Specs() {
  TaskSpec spec;
  spec.id = "mnist-lenet5";
  spec.summary = "handwritten digits, LeNet-5";
  spec.dataset = "mnist";
  spec.network = "lenet5";
  spec.target = 0.985;
  spec.recipe.batch = 64;
  spec.recipe.epochs = 6;
  spec.recipe.warmup = 0.1;
  spec.recipe.schedule.kind = Schedule::Kind::kCosine;
  spec.recipe.schedule.peak = 0.05;
  spec.recipe.optimizer.nesterov = true;
  spec.recipe.optimizer.weight_decay = 5e-4;
  return {spec};
}

}  // namespace assay::tasks::mnist_lenet5
