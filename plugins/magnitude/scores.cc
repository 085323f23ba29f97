#include "plugins/magnitude/scores.h"

#include <algorithm>
#include <cmath>

namespace assay::magnitude {

std::vector<double> MagnitudeScores(sdk::Span<const float> weights) {
  std::vector<double> scores;
  scores.reserve(weights.size());
  for (float w : weights) scores.push_back(std::fabs(static_cast<double>(w)));
  return scores;
}

std::vector<double> LampScores(sdk::Span<const float> weights,
                               sdk::Span<const uint8_t> mask) {
  std::vector<size_t> order;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (mask[i] != 0) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::fabs(weights[a]) < std::fabs(weights[b]);
  });
  std::vector<double> scores(weights.size(), 0.0);
  double tail = 0;
  for (auto j = order.rbegin(); j != order.rend(); ++j) {
    const double u =
        static_cast<double>(weights[*j]) * static_cast<double>(weights[*j]);
    tail += u;
    scores[*j] = tail > 0 ? u / tail : 0.0;
  }
  return scores;
}

}  // namespace assay::magnitude
