// How byte-level decoders are trained.
#ifndef ASSAY_HARNESS_TASKS_DECODER_RECIPE_H_
#define ASSAY_HARNESS_TASKS_DECODER_RECIPE_H_

#include <cstdint>

#include "harness/tasks/task_spec.h"

namespace assay {

// AdamW (0.9, 0.95), weight decay 0.1 on matrices (the embedding among them),
// gradients clipped to a norm of 1, warm-up over 100 steps (or a tenth of a
// shorter run), cosine to a tenth of the peak.
TrainingRecipe DecoderRecipe(int64_t batch, int64_t steps, double peak);

}  // namespace assay

#endif  // ASSAY_HARNESS_TASKS_DECODER_RECIPE_H_
