#include "plugins/quantization/histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace assay::quantization {
namespace {

// KL(P || Q) where P is bins [0, i) with the tail added to the last one, and Q
// the same bins merged into `levels` and spread over those that are not empty.
double Divergence(const std::vector<double>& counts, size_t i, size_t levels,
                  double tail) {
  std::vector<double> mass(levels, 0.0), filled(levels, 0.0);
  double p_sum = tail, q_sum = 0;
  for (size_t j = 0; j < i; ++j) {
    const size_t level = j * levels / i;
    mass[level] += counts[j];
    filled[level] += counts[j] > 0 ? 1 : 0;
    p_sum += counts[j];
    q_sum += counts[j];
  }
  if (q_sum == 0) return std::numeric_limits<double>::infinity();
  double divergence = 0;
  for (size_t j = 0; j < i; ++j) {
    const double p = (counts[j] + (j + 1 == i ? tail : 0.0)) / p_sum;
    if (p == 0) continue;
    const size_t level = j * levels / i;
    const double spread =
        counts[j] > 0 ? mass[level] / filled[level] / q_sum : 0.0;
    const double q = spread > 0 ? spread : 1e-6;
    divergence += p * std::log(p / q);
  }
  return divergence;
}

}  // namespace

void Histogram::Add(double magnitude) {
  total_ += 1;
  if (range_ == 0) {
    if (magnitude == 0) {
      counts_[0] += 1;
      return;
    }
    range_ = magnitude;
  }
  while (magnitude > range_) {
    for (size_t j = 0; j < kBins / 2; ++j) {
      counts_[j] = counts_[2 * j] + counts_[2 * j + 1];
    }
    std::fill(counts_.begin() + kBins / 2, counts_.end(), 0.0);
    range_ *= 2;
  }
  const auto bin = static_cast<size_t>(magnitude / range_ * kBins);
  counts_[std::min(bin, kBins - 1)] += 1;
}

double Histogram::Quantile(double fraction, double of) const {
  if (total_ == 0) return 0;
  double below = 0;
  for (size_t j = 0; j < kBins; ++j) {
    below += counts_[j];
    if (below >= fraction * of) {
      return bin_width() * static_cast<double>(j + 1);
    }
  }
  return range_;
}

double EntropyThreshold(const Histogram& histogram, size_t levels) {
  const std::vector<double>& counts = histogram.counts();
  double tail = 0;
  for (size_t j = levels; j < counts.size(); ++j) tail += counts[j];
  double least = std::numeric_limits<double>::infinity();
  size_t best = counts.size();
  for (size_t i = levels; i <= counts.size(); ++i) {
    const double divergence = Divergence(counts, i, levels, tail);
    if (divergence < least) {
      least = divergence;
      best = i;
    }
    if (i < counts.size()) tail -= counts[i];
  }
  return (static_cast<double>(best) + 0.5) * histogram.bin_width();
}

}  // namespace assay::quantization
