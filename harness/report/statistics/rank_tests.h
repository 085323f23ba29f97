// Tests that look at ranks alone, so that one outlier counts once.
#ifndef ASSAY_HARNESS_REPORT_STATISTICS_RANK_TESTS_H_
#define ASSAY_HARNESS_REPORT_STATISTICS_RANK_TESTS_H_

#include <vector>

#include "absl/types/span.h"

namespace assay {

struct RankTest {
  double statistic = 0.0;
  double p_value = 1.0;  // two-sided
  bool exact = false;    // from all arrangements, ties included
};

// Ranks from 1; equal values share the mean of theirs.
std::vector<double> MidRanks(absl::Span<const double> values);

// Mann-Whitney U of two independent samples: the pairs in which the first is
// larger, ties counted half. Exact for up to 40 values in all; beyond, the
// normal approximation with corrections for ties and continuity. An empty
// sample gives p = 1.
RankTest MannWhitney(absl::Span<const double> first,
                     absl::Span<const double> second);

// Wilcoxon's signed-rank test of paired differences: the sum of the ranks of
// |difference| over the positive ones, zeros left out. Exact for up to 60
// non-zero differences.
RankTest WilcoxonSignedRank(absl::Span<const double> differences);

struct Kendall {
  double tau = 0.0;      // tau-b; 0 where either side is constant
  double p_value = 1.0;  // two-sided, normal approximation with ties
};

// Rank correlation of paired values, corrected for ties. O(n log n). The two
// must have equal lengths.
Kendall KendallTauB(absl::Span<const double> x, absl::Span<const double> y);

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_STATISTICS_RANK_TESTS_H_
