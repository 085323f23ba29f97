#include "harness/tasks/decoder_recipe.h"

#include <algorithm>

namespace assay {

TrainingRecipe DecoderRecipe(int64_t batch, int64_t steps, double peak) {
  TrainingRecipe recipe;
  recipe.batch = batch;
  recipe.steps = steps;
  recipe.warmup = std::min(0.1, 100 / static_cast<double>(steps));
  recipe.schedule.kind = Schedule::Kind::kCosine;
  recipe.schedule.peak = peak;
  recipe.schedule.floor = 0.1;
  recipe.optimizer.kind = OptimizerOptions::Kind::kAdamW;
  recipe.optimizer.beta2 = 0.95;
  recipe.optimizer.weight_decay = 0.1;
  recipe.optimizer.decay_norms_and_biases = false;
  recipe.optimizer.clip_norm = 1;
  return recipe;
}

}  // namespace assay
