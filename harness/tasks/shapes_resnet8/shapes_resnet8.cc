#include "harness/tasks/shapes_resnet8/shapes_resnet8.h"

namespace assay::tasks::shapes_resnet8 {

std::vector<TaskSpec> Specs() {
  TaskSpec spec;
  spec.id = "shapes-resnet8";
  spec.summary = "generated outlines, ResNet-8 with convolved shortcuts";
  spec.dataset = "shapes";
  spec.network = "resnet8-b";
  spec.target = 0.85;
  spec.recipe.batch = 64;
  spec.recipe.epochs = 5;
  spec.recipe.warmup = 0.2;
  spec.recipe.schedule.kind = Schedule::Kind::kOneCycle;
  spec.recipe.schedule.peak = 0.2;
  spec.recipe.augmentation = Augmentation::kShift;
  spec.recipe.optimizer.nesterov = true;
  spec.recipe.optimizer.weight_decay = 5e-4;
  spec.recipe.optimizer.decay_norms_and_biases = false;
  return {spec};
}

}  // namespace assay::tasks::shapes_resnet8
