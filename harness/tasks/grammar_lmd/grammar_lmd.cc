#include "harness/tasks/grammar_lmd/grammar_lmd.h"

#include "harness/tasks/decoder_recipe.h"

namespace assay::tasks::grammar_lmd {

std::vector<TaskSpec> Specs() {
  TaskSpec spec;
  spec.id = "grammar-lmd";
  spec.summary = "bytes of generated stories, decoder lmd-draft";
  spec.dataset = "grammar";
  spec.dataset_options = {{"form", "stories"}, {"window", "64"}};
  spec.network = "lmd-draft";
  spec.metric = Metric::kBitsPerByte;
  spec.target = 1.5;
  spec.evaluation_batch = 64;
  spec.recipe = DecoderRecipe(/*batch=*/32, /*steps=*/600, /*peak=*/4e-3);
  return {spec};
}

}  // namespace assay::tasks::grammar_lmd
