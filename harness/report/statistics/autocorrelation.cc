#include "harness/report/statistics/autocorrelation.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <vector>

#include "harness/core/descriptive.h"

namespace assay {
namespace {

double Covariance(absl::Span<const double> series, double mean, size_t lag) {
  double sum = 0.0;
  for (size_t i = lag; i < series.size(); ++i) {
    sum += (series[i] - mean) * (series[i - lag] - mean);
  }
  return sum;
}

// Beyond so many lags the sum is left to the means of batches, so that a long
// series with a trend does not take quadratic time.
constexpr size_t kMostLags = 400;
constexpr size_t kBatches = 32;

// n * variance / (batch length * variance of the batch means).
double BatchMeansSize(absl::Span<const double> series) {
  const size_t length = series.size() / kBatches;
  std::vector<double> means;
  for (size_t b = 0; b < kBatches; ++b) {
    means.push_back(Mean(series.subspan(b * length, length)));
  }
  const double deviation = StandardDeviation(means);
  if (!(deviation > 0.0)) return static_cast<double>(series.size());
  const double ratio = StandardDeviation(series) / deviation;
  return static_cast<double>(kBatches) * ratio * ratio;
}

}  // namespace

double Autocorrelation(absl::Span<const double> series, int64_t lag) {
  assert(lag >= 0);
  const size_t shift = static_cast<size_t>(lag);
  if (shift >= series.size()) return 0.0;
  const double mean = Mean(series);
  const double variance = Covariance(series, mean, 0);
  return variance > 0.0 ? Covariance(series, mean, shift) / variance : 0.0;
}

double EffectiveSampleSize(absl::Span<const double> series) {
  const double n = static_cast<double>(series.size());
  if (series.size() < 4) return std::max(n, 1.0);
  const double mean = Mean(series);
  const double variance = Covariance(series, mean, 0);
  if (!(variance > 0.0)) return n;
  // Pairs of lags (0, 1), (2, 3), ...; the sum over all lags both ways is
  // 2 * (sum of pairs) - 1.
  const double noise = 2.0 / std::sqrt(n);  // two standard errors of one lag
  const auto correlation = [&](size_t lag) {
    return Covariance(series, mean, lag) / variance;
  };
  const double first = correlation(1);
  double last = 1.0 + (std::abs(first) > noise ? first : 0.0);
  double sum = last;
  const size_t most = std::min(series.size() / 2, kMostLags);
  size_t lag = 2;
  for (; lag + 1 < most; lag += 2) {
    const double pair = correlation(lag) + correlation(lag + 1);
    if (pair <= noise * std::sqrt(2.0)) break;
    last = std::min(pair, last);  // monotone: noise must not add up again
    sum += last;
  }
  double size = n / std::max(2.0 * sum - 1.0, 1.0);
  if (most == kMostLags && lag + 1 >= most) {
    size = std::min(size, BatchMeansSize(series));
  }
  return std::clamp(size, 1.0, n);
}

int64_t BlockLength(absl::Span<const double> series) {
  const double n = static_cast<double>(series.size());
  const double time = n / EffectiveSampleSize(series);
  const double wanted = std::max(2.0 * time, std::cbrt(n));
  return std::max<int64_t>(
      1, static_cast<int64_t>(std::ceil(std::min(wanted, n / 4.0))));
}

}  // namespace assay
