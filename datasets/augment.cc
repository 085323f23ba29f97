#include "datasets/augment.h"

#include <algorithm>
#include <vector>

namespace assay {
namespace {

int64_t Between(RandomStream& stream, int64_t low, int64_t high) {
  return low + static_cast<int64_t>(
                   stream.Below(static_cast<uint64_t>(high - low + 1)));
}

// to[y][x] = from[y + down][x + across], `fill` outside.
void Shift(const float* from, int64_t height, int64_t width, int64_t down,
           int64_t across, float fill, float* to) {
  const int64_t first = std::clamp<int64_t>(-across, 0, width);
  const int64_t last = std::clamp<int64_t>(width - across, first, width);
  for (int64_t y = 0; y < height; ++y, to += width) {
    if (y + down < 0 || y + down >= height) {
      std::fill_n(to, width, fill);
      continue;
    }
    const float* row = from + (y + down) * width;
    std::fill(to, to + first, fill);
    std::copy(row + first + across, row + last + across, to + first);
    std::fill(to + last, to + width, fill);
  }
}

void ShiftEach(int64_t most_down, int64_t most_across, float fill,
               RandomStream& stream, Tensor* batch) {
  const int64_t height = batch->dim(2), width = batch->dim(3);
  const int64_t plane = height * width;
  std::vector<float> before(static_cast<size_t>(batch->dim(1) * plane));
  float* sample = batch->data<float>();
  for (int64_t n = 0; n < batch->dim(0); ++n, sample += before.size()) {
    const int64_t down = Between(stream, -most_down, most_down);
    const int64_t across = Between(stream, -most_across, most_across);
    std::copy_n(sample, before.size(), before.begin());
    for (int64_t c = 0; c < batch->dim(1); ++c) {
      Shift(before.data() + c * plane, height, width, down, across, fill,
            sample + c * plane);
    }
  }
}

}  // namespace

void RandomCrop(int64_t pad, float fill, RandomStream& stream, Tensor* images) {
  ShiftEach(pad, pad, fill, stream, images);
}

void RandomFlip(RandomStream& stream, Tensor* images) {
  const int64_t width = images->dim(3);
  const int64_t rows = images->dim(1) * images->dim(2);
  float* row = images->data<float>();
  for (int64_t n = 0; n < images->dim(0); ++n) {
    const bool flip = stream.Below(2) == 1;
    for (int64_t r = 0; r < rows; ++r, row += width) {
      if (flip) std::reverse(row, row + width);
    }
  }
}

void RandomTimeShift(int64_t most, float fill, RandomStream& stream,
                     Tensor* features) {
  ShiftEach(most, 0, fill, stream, features);
}

}  // namespace assay
