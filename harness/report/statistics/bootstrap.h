// Block bootstrap: intervals for any statistic of a series whose neighbours
// may be alike. Seeded, so that the same data give the same interval.
#ifndef ASSAY_HARNESS_REPORT_STATISTICS_BOOTSTRAP_H_
#define ASSAY_HARNESS_REPORT_STATISTICS_BOOTSTRAP_H_

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "harness/report/statistics/proportion.h"

namespace assay {

struct BootstrapOptions {
  int64_t resamples = 2000;
  int64_t block_length = 0;  // 0: BlockLength of the series
  uint64_t seed = 0;
  double confidence = 0.95;
};

using Statistic = absl::FunctionRef<double(absl::Span<const double>)>;

// The statistic of `resamples` series, each of the same length, put together
// from circular blocks of `series`. Not empty. O(resamples * n) and the cost of
// the statistic.
std::vector<double> BlockBootstrap(absl::Span<const double> series,
                                   Statistic statistic,
                                   const BootstrapOptions& options);

// The middle `confidence` of BlockBootstrap (percentile interval).
Bounds BootstrapInterval(absl::Span<const double> series, Statistic statistic,
                         const BootstrapOptions& options);

// statistic(second) / statistic(first), the two resampled apart.
struct RatioResult {
  double ratio = 0.0;
  Bounds bounds;
  // Two-sided, of "the ratio is 1", from the share of resamples on either side;
  // never below 1 / (resamples + 1).
  double p_value = 1.0;
  std::vector<double> resampled;  // the ratios, sorted
};
RatioResult BootstrapRatio(absl::Span<const double> first,
                           absl::Span<const double> second, Statistic statistic,
                           const BootstrapOptions& options);

// The share of all ways to swap the signs of paired differences (sampled by
// `resamples`) whose mean is as far from 0 as theirs: a permutation test.
double SignFlipTest(absl::Span<const double> differences, int64_t resamples,
                    uint64_t seed);

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_STATISTICS_BOOTSTRAP_H_
