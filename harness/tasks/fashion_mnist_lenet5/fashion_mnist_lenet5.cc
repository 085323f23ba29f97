#include "harness/tasks/fashion_mnist_lenet5/fashion_mnist_lenet5.h"

namespace assay::tasks::fashion_mnist_lenet5 {

std::vector<TaskSpec> Specs() {
  TaskSpec spec;
  spec.id = "fashion-mnist-lenet5";
  spec.summary = "photographs of clothes, LeNet-5";
  spec.dataset = "fashion_mnist";
  spec.network = "lenet5";
  spec.target = 0.90;
  spec.recipe.batch = 64;
  spec.recipe.epochs = 20;
  spec.recipe.warmup = 0.1;
  spec.recipe.schedule.kind = Schedule::Kind::kCosine;
  spec.recipe.schedule.peak = 0.05;
  spec.recipe.optimizer.nesterov = true;
  spec.recipe.optimizer.weight_decay = 5e-4;
  return {spec};
}

}  // namespace assay::tasks::fashion_mnist_lenet5
