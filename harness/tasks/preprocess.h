// From samples of a data set to what a network reads: standardisation and
// augmentation.
#ifndef ASSAY_HARNESS_TASKS_PREPROCESS_H_
#define ASSAY_HARNESS_TASKS_PREPROCESS_H_

#include <cstdint>

#include "absl/types/span.h"
#include "harness/core/tensor.h"
#include "harness/tasks/task_spec.h"

namespace assay {

// x := (x - mean[c]) / stddev[c] in f32 [N,C,H,W], in place. One value serves
// all channels; otherwise there is one per channel (asserted).
void Standardise(absl::Span<const float> mean, absl::Span<const float> stddev,
                 Tensor* samples);

// Varies each sample of f32 [N,C,H,W], in place, as batch `number` of the run
// with this seed: draws come from "augment/crop/<number>" and its like. For
// features H is time.
void Augment(Augmentation augmentation, uint64_t seed, int64_t number,
             Tensor* samples);

}  // namespace assay

#endif  // ASSAY_HARNESS_TASKS_PREPROCESS_H_
