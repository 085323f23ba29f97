#include "harness/tasks/wikitext2_lmd_xs/wikitext2_lmd_xs.h"

#include "harness/tasks/decoder_recipe.h"

namespace assay::tasks::wikitext2_lmd_xs {

std::vector<TaskSpec> Specs() {
  TaskSpec spec;
  spec.id = "wikitext2-lmd-xs";
  spec.summary = "bytes of Wikipedia articles, decoder lmd-xs";
  spec.dataset = "wikitext2";
  spec.dataset_options = {{"window", "128"}};
  spec.network = "lmd-xs";
  spec.metric = Metric::kBitsPerByte;
  spec.target = 2.40;
  spec.evaluation_batch = 32;
  spec.recipe = DecoderRecipe(/*batch=*/32, /*steps=*/1500, /*peak=*/2e-3);
  return {spec};
}

}  // namespace assay::tasks::wikitext2_lmd_xs
