// How text encoders are trained from scratch.
#ifndef ASSAY_HARNESS_TASKS_ENCODER_RECIPE_H_
#define ASSAY_HARNESS_TASKS_ENCODER_RECIPE_H_

#include <cstdint>

#include "harness/tasks/task_spec.h"

namespace assay {

// Batches of 64, AdamW (0.9, 0.999), weight decay 0.01 on matrices, warm-up
// over 6 % of the run to 5e-4, then linear to 0.
TrainingRecipe EncoderRecipe(int64_t epochs);

}  // namespace assay

#endif  // ASSAY_HARNESS_TASKS_ENCODER_RECIPE_H_
