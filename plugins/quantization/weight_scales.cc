#include "plugins/quantization/weight_scales.h"

#include <algorithm>
#include <cmath>

namespace assay::quantization {
namespace {

constexpr double kLargest = 127;
constexpr double kLeastScale = 1e-8;
constexpr int kShrinkSteps = 80;
constexpr double kErrorPower = 2.4;

double ErrorAt(sdk::Span<const float> weights, double scale) {
  double sum = 0;
  for (const float weight : weights) {
    const auto w = static_cast<double>(weight);
    const double q = std::clamp(std::nearbyint(w / scale), -kLargest, kLargest);
    sum += std::pow(std::fabs(w - scale * q), kErrorPower);
  }
  return sum;
}

float ScaleOf(sdk::Span<const float> weights, bool least_error) {
  double largest = 0;
  for (const float w : weights) {
    largest = std::max(largest, std::fabs(static_cast<double>(w)));
  }
  const double whole = std::max(largest / kLargest, kLeastScale);
  double best = whole;
  if (least_error) {
    double least = ErrorAt(weights, whole);
    for (int i = 1; i < kShrinkSteps; ++i) {
      const double scale = std::max(whole * (1 - 0.01 * i), kLeastScale);
      const double error = ErrorAt(weights, scale);
      if (error < least) {
        least = error;
        best = scale;
      }
    }
  }
  return static_cast<float>(best);
}

}  // namespace

std::vector<float> WeightScales(sdk::Span<const float> weights,
                                int64_t channels, bool per_channel,
                                bool least_error) {
  if (!per_channel) return {ScaleOf(weights, least_error)};
  const size_t row = weights.size() / static_cast<size_t>(channels);
  std::vector<float> scales;
  for (size_t c = 0; c < static_cast<size_t>(channels); ++c) {
    scales.push_back(ScaleOf(weights.subspan(c * row, row), least_error));
  }
  return scales;
}

}  // namespace assay::quantization
