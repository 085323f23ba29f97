#include "harness/tasks/preprocess.h"

#include <cassert>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "datasets/augment.h"
#include "harness/core/random.h"

namespace assay {
void Standardise(absl::Span<const float> mean, absl::Span<const float> stddev,
                 Tensor* samples) {
  const size_t channels = static_cast<size_t>(samples->dim(1));
  assert(mean.size() == stddev.size() &&
         (mean.size() == 1 || mean.size() == channels));
  const int64_t plane = samples->dim(2) * samples->dim(3);
  float* x = samples->data<float>();
  for (int64_t n = 0; n < samples->dim(0); ++n) {
    for (size_t c = 0; c < channels; ++c, x += plane) {
      const size_t k = mean.size() == 1 ? 0 : c;
      const float scale = 1 / stddev[k];
      for (int64_t i = 0; i < plane; ++i) x[i] = (x[i] - mean[k]) * scale;
    }
  }
}

void Augment(Augmentation augmentation, uint64_t seed, int64_t number,
             Tensor* samples) {
  const auto stream = [&](absl::string_view kind) {
    return RandomStream(seed, absl::StrCat("augment/", kind, "/", number));
  };
  switch (augmentation) {
    case Augmentation::kNone:
      return;
    case Augmentation::kCropAndFlip: {
      RandomStream crop = stream("crop"), flip = stream("flip");
      RandomCrop(4, 0, crop, samples);
      RandomFlip(flip, samples);
      return;
    }
    case Augmentation::kShift: {
      RandomStream crop = stream("crop");
      RandomCrop(2, 0, crop, samples);
      return;
    }
    case Augmentation::kShiftTime: {
      RandomStream shift = stream("shift");
      RandomTimeShift(samples->dim(2) / 10, 0, shift, samples);
      return;
    }
  }
}

}  // namespace assay
