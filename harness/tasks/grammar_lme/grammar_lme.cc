#include "harness/tasks/grammar_lme/grammar_lme.h"

#include "harness/tasks/encoder_recipe.h"

namespace assay::tasks::grammar_lme {

std::vector<TaskSpec> Specs() {
  TaskSpec spec;
  spec.id = "grammar-lme";
  spec.summary = "generated opinions, encoder lme-xs";
  spec.dataset = "grammar";
  spec.dataset_options = {{"form", "opinions"}, {"length", "48"}};
  spec.network = "lme-xs";
  spec.target = 0.85;
  spec.recipe = EncoderRecipe(/*epochs=*/3);
  return {spec};
}

}  // namespace assay::tasks::grammar_lme
