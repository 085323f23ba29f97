// Random changes to a batch of f32 [N, C, H, W], in place, one draw per sample.
// Each takes a stream of its own ("augment/crop", "augment/flip",
// "augment/shift"), so that one more augmentation shifts no other. Which apply,
// and when, is a task's affair.
#ifndef ASSAY_DATASETS_AUGMENT_H_
#define ASSAY_DATASETS_AUGMENT_H_

#include <cstdint>

#include "harness/core/random.h"
#include "harness/core/tensor.h"

namespace assay {

// Moves each image by whole pixels, uniform in [-pad, pad] down and across,
// alike in all its channels; `fill` enters at the borders. This is a random
// H x W crop of the image padded by `pad`.
void RandomCrop(int64_t pad, float fill, RandomStream& stream, Tensor* images);

// Mirrors each image left to right with probability one half.
void RandomFlip(RandomStream& stream, Tensor* images);

// Moves features [N, 1, frames, bands] by whole frames, uniform in [-most,
// most]; `fill` enters at the ends.
void RandomTimeShift(int64_t most, float fill, RandomStream& stream,
                     Tensor* features);

}  // namespace assay

#endif  // ASSAY_DATASETS_AUGMENT_H_
