// From samples of a data set to what a network reads: standardisation and
// augmentation.
#ifndef ASSAY_HARNESS_TASKS_PREPROCESS_H_
#define ASSAY_HARNESS_TASKS_PREPROCESS_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "harness/core/random.h"
#include "harness/core/tensor.h"
#include "harness/tasks/task_spec.h"

namespace assay {

// x := (x - mean[c]) / stddev[c] in f32 [N,C,H,W], in place. One value serves
// all channels; otherwise there is one per channel (asserted).
void Standardise(absl::Span<const float> mean, absl::Span<const float> stddev,
                 Tensor* samples);

// Varies each sample of f32 [N,C,H,W], in place and in order, with draws from
// `stream`. For features H is time.
void Augment(Augmentation augmentation, RandomStream* stream, Tensor* samples);

// One sample [channels, height, width] moved down by `dy` and right by `dx`
// (negative: up, left), mirrored left to right first where asked; zeros come
// in. `scratch` has the sample's size.
struct Move {
  int64_t dy = 0, dx = 0;
  bool mirror = false;
};
void MoveSample(int64_t channels, int64_t height, int64_t width,
                const Move& move, absl::Span<float> sample,
                std::vector<float>* scratch);

}  // namespace assay

#endif  // ASSAY_HARNESS_TASKS_PREPROCESS_H_
