#include "plugins/quantization/group_weights.h"

#include <algorithm>
#include <cmath>

namespace assay::quantization {
namespace {

struct Grid {
  float scale = 1;
  int zero_point = 8;
};

Grid GridOf(const float* weights, int64_t n, bool symmetric) {
  float low = 0, high = 0;
  for (int64_t i = 0; i < n; ++i) {
    low = std::min(low, weights[i]);
    high = std::max(high, weights[i]);
  }
  if (symmetric) return {std::max(std::max(-low, high) / 7, 1e-8f), 8};
  const float scale = std::max((high - low) / 15, 1e-8f);
  const float zero = std::nearbyint(-low / scale);
  return {scale, static_cast<int>(std::clamp(zero, 0.0f, 15.0f))};
}

int Quantize(float w, const Grid& grid) {
  const float steps = std::nearbyint(w / grid.scale);
  return static_cast<int>(
      std::clamp(steps + static_cast<float>(grid.zero_point), 0.0f, 15.0f));
}

void SetNibble(std::vector<uint8_t>* bytes, int64_t first_byte, int64_t i,
               int value) {
  uint8_t& byte = (*bytes)[static_cast<size_t>(first_byte + i / 2)];
  const int shift = i % 2 == 0 ? 0 : 4;
  byte = static_cast<uint8_t>((byte & ~(15 << shift)) | (value << shift));
}

}  // namespace

GroupWeights PackGroups(sdk::Span<const float> weights, int64_t outputs,
                        int64_t inputs, int64_t group, bool symmetric) {
  GroupWeights made;
  made.groups = (inputs + group - 1) / group;
  const int64_t row_bytes = made.groups * group / 2;
  const int64_t zero_bytes = (made.groups + 1) / 2;
  made.packed.assign(static_cast<size_t>(outputs * row_bytes), 0);
  if (!symmetric) {
    made.zero_points.assign(static_cast<size_t>(outputs * zero_bytes), 0);
  }
  for (int64_t o = 0; o < outputs; ++o) {
    const float* row = weights.data() + o * inputs;
    for (int64_t g = 0; g < made.groups; ++g) {
      const int64_t first = g * group;
      const int64_t n = std::min(group, inputs - first);
      const Grid grid = GridOf(row + first, n, symmetric);
      made.scales.push_back(grid.scale);
      if (!symmetric) {
        SetNibble(&made.zero_points, o * zero_bytes, g, grid.zero_point);
      }
      for (int64_t i = 0; i < group; ++i) {
        const int q = i < n ? Quantize(row[first + i], grid) : grid.zero_point;
        SetNibble(&made.packed, o * row_bytes, first + i, q);
      }
    }
  }
  return made;
}

}  // namespace assay::quantization
