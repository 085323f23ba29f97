// Where a series of measurements changed its level or its spread.
#ifndef ASSAY_HARNESS_REPORT_HISTORY_CHANGE_POINTS_H_
#define ASSAY_HARNESS_REPORT_HISTORY_CHANGE_POINTS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace assay {

struct ChangePointOptions {
  // Chance to see a change where there is none, for each segment looked at.
  double alpha = 0.01;
  // No change is looked for nearer than this to another, or to an end: one
  // spike is no change, and the newest points must become this many first. At
  // least 2.
  size_t min_segment = 5;
  // Relative changes of the median below it are not told.
  double min_change = 0.0;
  int64_t permutations = 999;
  uint64_t seed = 0;
};

struct ChangePoint {
  size_t at = 0;                     // the first value of the new segment
  double before = 0.0, after = 0.0;  // medians of the two segments
  double p_value = 1.0;
};

// E-divisive (Matteson and James, "A nonparametric approach for multiple change
// point analysis of multivariate data", JASA 109, 2014) of one variable: the
// split with the largest energy distance between its two sides, kept if few
// permutations of the segment show one as large; then the same in each part.
// Knows no distribution, and minds changes of spread as well as of level.
// In the order of the series. Finite values. O(permutations n log n) for each
// segment; the same series gives the same answer.
std::vector<ChangePoint> FindChangePoints(
    absl::Span<const double> series, const ChangePointOptions& options = {});

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_HISTORY_CHANGE_POINTS_H_
