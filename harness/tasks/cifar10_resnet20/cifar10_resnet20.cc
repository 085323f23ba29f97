#include "harness/tasks/cifar10_resnet20/cifar10_resnet20.h"

namespace assay::tasks::cifar10_resnet20 {

std::vector<TaskSpec> Specs() {
  TaskSpec spec;
  spec.id = "cifar10-resnet20";
  spec.summary = "small photographs, ResNet-20 with padded shortcuts";
  spec.dataset = "cifar10";
  spec.network = "resnet20";
  // The values that public weights of this network were trained with.
  spec.mean = {0.485f, 0.456f, 0.406f};
  spec.stddev = {0.229f, 0.224f, 0.225f};
  spec.target = 0.89;
  spec.recipe.batch = 128;
  spec.recipe.epochs = 26;
  spec.recipe.warmup = 0.2;
  spec.recipe.schedule.kind = Schedule::Kind::kOneCycle;
  spec.recipe.schedule.peak = 0.4;
  spec.recipe.augmentation = Augmentation::kCropAndFlip;
  spec.recipe.optimizer.nesterov = true;
  spec.recipe.optimizer.weight_decay = 5e-4;
  spec.recipe.optimizer.decay_norms_and_biases = false;
  return {spec};
}

}  // namespace assay::tasks::cifar10_resnet20
