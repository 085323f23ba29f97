#include "harness/tasks/syllables_dscnn/syllables_dscnn.h"

namespace assay::tasks::syllables_dscnn {

std::vector<TaskSpec> Specs() {
  TaskSpec spec;
  spec.id = "syllables-dscnn";
  spec.summary = "synthesised syllables, DS-CNN on MFCCs";
  spec.dataset = "syllables";
  spec.dataset_options = {{"front_end", "mfcc"}};
  spec.network = "dscnn";
  spec.target = 0.85;
  spec.recipe.batch = 32;
  spec.recipe.epochs = 20;
  spec.recipe.warmup = 0.1;
  spec.recipe.schedule.kind = Schedule::Kind::kCosine;
  spec.recipe.schedule.peak = 0.1;
  spec.recipe.augmentation = Augmentation::kShiftTime;
  spec.recipe.optimizer.nesterov = true;
  spec.recipe.optimizer.weight_decay = 5e-4;
  spec.recipe.optimizer.decay_norms_and_biases = false;
  return {spec};
}

}  // namespace assay::tasks::syllables_dscnn
