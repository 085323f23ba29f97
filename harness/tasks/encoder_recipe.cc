#include "harness/tasks/encoder_recipe.h"

namespace assay {

TrainingRecipe EncoderRecipe(int64_t epochs) {
  TrainingRecipe recipe;
  recipe.batch = 64;
  recipe.epochs = epochs;
  recipe.warmup = 0.06;
  recipe.schedule.kind = Schedule::Kind::kLinear;
  recipe.schedule.peak = 5e-4;
  recipe.optimizer.kind = OptimizerOptions::Kind::kAdamW;
  recipe.optimizer.weight_decay = 0.01;
  recipe.optimizer.decay_norms_and_biases = false;
  return recipe;
}

}  // namespace assay
