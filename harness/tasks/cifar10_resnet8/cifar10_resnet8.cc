#include "harness/tasks/cifar10_resnet8/cifar10_resnet8.h"

namespace assay::tasks::cifar10_resnet8 {

std::vector<TaskSpec> Specs() {
  TaskSpec spec;
  spec.id = "cifar10-resnet8";
  spec.summary = "small photographs, ResNet-8 with convolved shortcuts";
  spec.dataset = "cifar10";
  spec.network = "resnet8-b";
  spec.target = 0.85;
  spec.recipe.batch = 128;
  spec.recipe.epochs = 20;
  spec.recipe.warmup = 0.2;
  spec.recipe.schedule.kind = Schedule::Kind::kOneCycle;
  spec.recipe.schedule.peak = 0.4;
  spec.recipe.augmentation = Augmentation::kCropAndFlip;
  spec.recipe.optimizer.nesterov = true;
  spec.recipe.optimizer.weight_decay = 5e-4;
  spec.recipe.optimizer.decay_norms_and_biases = false;
  return {spec};
}

}  // namespace assay::tasks::cifar10_resnet8
