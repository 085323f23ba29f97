// Upper confidence bounds of quantiles by order statistics: no assumption but
// that the sample is independent.
#ifndef ASSAY_HARNESS_REPORT_STATISTICS_QUANTILE_BOUND_H_
#define ASSAY_HARNESS_REPORT_STATISTICS_QUANTILE_BOUND_H_

#include <cstdint>

#include "absl/types/optional.h"

namespace assay {

// Of n values, the number of those above the p-quantile is Binomial(n, 1 - p).
// If seeing at most t of them has a probability of at most 1 - confidence, then
// the (n - t)-th smallest value is at least the quantile with that confidence.
//
// Returns the rank n - t (from 1) for the largest such t, or nothing if not
// even t = 1 will do. One slow value must be allowed: with t = 0 the bound
// would be the maximum, a number that one interrupt decides. n >= 0; p and
// confidence in (0, 1). O(n (1 - p)).
absl::optional<int64_t> QuantileBoundRank(int64_t n, double p,
                                          double confidence);

// The smallest n for which that bound leaves out `slow` >= 1 values: for p99 at
// 0.99, 662 with one.
int64_t QuantileBoundCount(double p, double confidence, int64_t slow = 1);

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_STATISTICS_QUANTILE_BOUND_H_
