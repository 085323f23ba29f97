#include "harness/tasks/tinyshakespeare_lmd_xs/tinyshakespeare_lmd_xs.h"

#include "harness/tasks/decoder_recipe.h"

namespace assay::tasks::tinyshakespeare_lmd_xs {

std::vector<TaskSpec> Specs() {
  TaskSpec spec;
  spec.id = "tinyshakespeare-lmd-xs";
  spec.summary = "bytes of plays of Shakespeare, decoder lmd-xs";
  spec.dataset = "tinyshakespeare";
  spec.dataset_options = {{"window", "128"}};
  spec.network = "lmd-xs";
  spec.metric = Metric::kBitsPerByte;
  spec.target = 2.45;
  spec.evaluation_batch = 32;
  spec.recipe = DecoderRecipe(/*batch=*/32, /*steps=*/1500, /*peak=*/2e-3);
  return {spec};
}

}  // namespace assay::tasks::tinyshakespeare_lmd_xs
