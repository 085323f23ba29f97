// Pareto fronts of points that are known up to an interval only.
#ifndef ASSAY_HARNESS_REPORT_STATISTICS_FRONT_H_
#define ASSAY_HARNESS_REPORT_STATISTICS_FRONT_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace assay {

// A figure to be minimised, with its standard errors to either side; 0 where it
// is exact.
struct UncertainValue {
  double value = 0.0;
  double error_below = 0.0, error_above = 0.0;
};

// From an interval: half widths over the normal quantile of its confidence, in
// (0, 1). `low` <= `value` <= `high`; a value outside gives 0 on that side.
UncertainValue FromInterval(double value, double low, double high,
                            double confidence);

struct UncertainPoint {
  std::vector<UncertainValue> objectives;
};

// The share of `draws` in which each point is on the front: no other is as good
// in all objectives and better in one. Errors are drawn as normal, to each side
// with its own width, and independently of one another; errors that points
// share make the true chances more extreme. All points have equally many
// objectives. O(draws n^2).
std::vector<double> FrontChances(absl::Span<const UncertainPoint> points,
                                 int64_t draws, uint64_t seed);

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_STATISTICS_FRONT_H_
