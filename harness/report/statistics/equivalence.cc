#include "harness/report/statistics/equivalence.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <vector>

#include "absl/functional/function_ref.h"
#include "harness/core/descriptive.h"
#include "harness/report/statistics/distributions.h"
#include "harness/report/statistics/student_t.h"

namespace assay {
namespace {

// Of a mean of logarithms whose error follows `cdf`; `quantile` is its 1 -
// alpha.
MarginTest TestMean(double mean, double error, double quantile,
                    absl::FunctionRef<double(double)> cdf,
                    const Margin& margin) {
  const double to_high = cdf((std::log(margin.high) - mean) / error);
  const double to_low = cdf((std::log(margin.low) - mean) / error);
  MarginTest test;
  test.estimate = std::exp(mean);
  test.bounds = {std::exp(mean - error * quantile),
                 std::exp(mean + error * quantile)};
  test.p_above = to_high;
  test.p_below = 1.0 - to_low;
  test.p_outside = std::max(1.0 - to_high, to_low);
  return test;
}

}  // namespace

MarginTest TestMedianRatio(absl::Span<const double> before,
                           absl::Span<const double> now, const Margin& margin,
                           const BootstrapOptions& options) {
  BootstrapOptions bootstrap = options;
  bootstrap.confidence = 1.0 - 2.0 * margin.alpha;
  const RatioResult result = BootstrapRatio(before, now, Median, bootstrap);
  const std::vector<double>& ratios = result.resampled;
  const double all = static_cast<double>(ratios.size() + 1);
  const auto share_below = [&](double bar) {
    const auto at = std::upper_bound(ratios.begin(), ratios.end(), bar);
    return static_cast<double>(at - ratios.begin() + 1) / all;
  };
  const auto share_above = [&](double bar) {
    const auto at = std::lower_bound(ratios.begin(), ratios.end(), bar);
    return static_cast<double>(ratios.end() - at + 1) / all;
  };
  MarginTest test;
  test.estimate = result.ratio;
  test.bounds = result.bounds;
  test.p_above = share_below(margin.high);
  test.p_below = share_above(margin.low);
  test.p_outside = std::max(share_above(margin.high), share_below(margin.low));
  return test;
}

MarginTest TestPairedRatios(absl::Span<const double> ratios,
                            const Margin& margin) {
  assert(ratios.size() >= 3);
  std::vector<double> logs;
  for (double ratio : ratios) logs.push_back(std::log(ratio));
  const double n = static_cast<double>(logs.size()), degrees = n - 1.0;
  return TestMean(
      Mean(logs), std::max(StandardDeviation(logs) / std::sqrt(n), 1e-12),
      StudentTQuantile(1.0 - margin.alpha, degrees),
      [&](double t) { return StudentTCdf(t, degrees); }, margin);
}

MarginTest TestLogRatio(double log_ratio, double error, const Margin& margin) {
  assert(error > 0.0);
  return TestMean(log_ratio, error, NormalQuantile(1.0 - margin.alpha),
                  NormalCdf, margin);
}

}  // namespace assay
