#include "plugins/nas_baselines/crop.h"

#include <cstddef>

namespace assay::nas_baselines {

std::vector<int64_t> CropStarts(std::span<const int64_t> full,
                                std::span<const int64_t> part) {
  std::vector<int64_t> starts(full.size(), 0);
  for (size_t axis = 2; axis < full.size(); ++axis) {
    starts[axis] = (full[axis] - part[axis]) / 2;
  }
  return starts;
}

void CopyCrop(std::span<const int64_t> full, std::span<const float> source,
              std::span<const int64_t> part, std::span<float> target) {
  const std::vector<int64_t> starts = CropStarts(full, part);
  std::vector<int64_t> at(part.size(), 0);  // the element's place in the part
  for (float& element : target) {
    int64_t offset = 0;
    for (size_t axis = 0; axis < full.size(); ++axis) {
      offset = offset * full[axis] + starts[axis] + at[axis];
    }
    element = source[static_cast<size_t>(offset)];
    for (size_t axis = part.size(); axis-- > 0;) {
      if (++at[axis] < part[axis]) break;
      at[axis] = 0;
    }
  }
}

}  // namespace assay::nas_baselines
