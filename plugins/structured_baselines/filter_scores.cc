#include "plugins/structured_baselines/filter_scores.h"

#include <cmath>
#include <cstddef>

namespace assay::structured_baselines {

std::vector<double> SliceSums(sdk::Span<const float> values,
                              const std::vector<int64_t>& shape, int axis,
                              Term term) {
  size_t inner = 1;
  for (size_t d = static_cast<size_t>(axis) + 1; d < shape.size(); ++d) {
    inner *= static_cast<size_t>(shape[d]);
  }
  const auto extent = static_cast<size_t>(shape[static_cast<size_t>(axis)]);
  std::vector<double> sums(extent, 0.0);
  for (size_t i = 0; i < values.size(); ++i) {
    const auto w = static_cast<double>(values[i]);
    sums[i / inner % extent] += term == Term::kAbsolute ? std::fabs(w) : w * w;
  }
  return sums;
}

std::vector<double> DistanceSums(sdk::Span<const float> values,
                                 const std::vector<int64_t>& shape) {
  const auto rows = static_cast<size_t>(shape[0]);
  const size_t columns = values.size() / rows;
  std::vector<double> sums(rows, 0.0);
  for (size_t i = 0; i < rows; ++i) {
    for (size_t j = i + 1; j < rows; ++j) {
      double squares = 0;
      for (size_t c = 0; c < columns; ++c) {
        const double d = static_cast<double>(values[i * columns + c]) -
                         static_cast<double>(values[j * columns + c]);
        squares += d * d;
      }
      const double distance = std::sqrt(squares);
      sums[i] += distance;
      sums[j] += distance;
    }
  }
  return sums;
}

}  // namespace assay::structured_baselines
