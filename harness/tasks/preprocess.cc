#include "harness/tasks/preprocess.h"

#include <algorithm>
#include <cassert>

namespace assay {
namespace {

// Uniform in [-reach, reach].
int64_t DrawShift(RandomStream* stream, int64_t reach) {
  const uint64_t choices = static_cast<uint64_t>(2 * reach + 1);
  return static_cast<int64_t>(stream->Below(choices)) - reach;
}

Move Draw(Augmentation augmentation, int64_t height, RandomStream* stream) {
  Move move;
  switch (augmentation) {
    case Augmentation::kNone:
      break;
    case Augmentation::kCropAndFlip:
      move.dy = DrawShift(stream, 4);
      move.dx = DrawShift(stream, 4);
      move.mirror = stream->Below(2) == 1;
      break;
    case Augmentation::kShift:
      move.dy = DrawShift(stream, 2);
      move.dx = DrawShift(stream, 2);
      break;
    case Augmentation::kShiftTime:
      move.dy = DrawShift(stream, height / 10);
      break;
  }
  return move;
}

}  // namespace

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

void MoveSample(int64_t channels, int64_t height, int64_t width,
                const Move& move, absl::Span<float> sample,
                std::vector<float>* scratch) {
  scratch->assign(sample.begin(), sample.end());
  std::fill(sample.begin(), sample.end(), 0.0f);
  const int64_t first = std::max<int64_t>(0, move.dx);
  const int64_t limit = std::min(width, width + move.dx);
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t y = 0; y < height; ++y) {
      const int64_t from_y = y - move.dy;
      if (from_y < 0 || from_y >= height) continue;
      const float* from = scratch->data() + (c * height + from_y) * width;
      float* to = sample.data() + (c * height + y) * width;
      for (int64_t x = first; x < limit; ++x) {
        const int64_t from_x = x - move.dx;
        to[x] = from[move.mirror ? width - 1 - from_x : from_x];
      }
    }
  }
}

void Augment(Augmentation augmentation, RandomStream* stream, Tensor* samples) {
  if (augmentation == Augmentation::kNone) return;
  const int64_t channels = samples->dim(1);
  const int64_t height = samples->dim(2), width = samples->dim(3);
  const size_t size = static_cast<size_t>(channels * height * width);
  std::vector<float> scratch;
  for (int64_t n = 0; n < samples->dim(0); ++n) {
    const Move move = Draw(augmentation, height, stream);
    MoveSample(
        channels, height, width, move,
        samples->span<float>().subspan(static_cast<size_t>(n) * size, size),
        &scratch);
  }
}

}  // namespace assay
