#include "harness/report/statistics/quantile_bound.h"

#include <cassert>
#include <cmath>

#include "harness/report/statistics/distributions.h"

namespace assay {

absl::optional<int64_t> QuantileBoundRank(int64_t n, double p,
                                          double confidence) {
  assert(n >= 0 && p > 0.0 && p < 1.0);
  assert(confidence > 0.0 && confidence < 1.0);
  const double risk = 1.0 - confidence;
  const double log_odds = std::log1p(-p) - std::log(p);
  // Adds Binomial(n, 1 - p) from 0 up until the risk is spent.
  double log_term = static_cast<double>(n) * std::log(p);
  double sum = std::exp(log_term);
  int64_t slow = -1;
  while (sum <= risk && slow + 1 < n) {
    ++slow;
    log_term += std::log(static_cast<double>(n - slow) /
                         static_cast<double>(slow + 1)) +
                log_odds;
    sum += std::exp(log_term);
  }
  if (slow < 1) return absl::nullopt;
  return n - slow;
}

int64_t QuantileBoundCount(double p, double confidence, int64_t slow) {
  assert(slow >= 1);
  const auto enough = [&](int64_t n) {
    return BinomialCdf(slow, n, 1.0 - p) <= 1.0 - confidence;
  };
  int64_t high = slow + 1;
  while (!enough(high)) high *= 2;
  int64_t low = high / 2;  // not enough, or the least that could be
  while (high - low > 1) {
    const int64_t middle = low + (high - low) / 2;
    (enough(middle) ? high : low) = middle;
  }
  return high;
}

}  // namespace assay
