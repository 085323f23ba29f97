#include "harness/tasks/sst2_lme_xs/sst2_lme_xs.h"

#include "harness/tasks/encoder_recipe.h"

namespace assay::tasks::sst2_lme_xs {

std::vector<TaskSpec> Specs() {
  TaskSpec spec;
  spec.id = "sst2-lme-xs";
  spec.summary = "sentences from film reviews, encoder lme-xs";
  spec.dataset = "sst2";
  spec.network = "lme-xs";
  spec.target = 0.76;
  spec.recipe = EncoderRecipe(/*epochs=*/8);
  return {spec};
}

}  // namespace assay::tasks::sst2_lme_xs
