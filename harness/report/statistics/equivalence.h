// Whether a ratio lies beyond a margin, within it, or may do either.
#ifndef ASSAY_HARNESS_REPORT_STATISTICS_EQUIVALENCE_H_
#define ASSAY_HARNESS_REPORT_STATISTICS_EQUIVALENCE_H_

#include "absl/types/span.h"
#include "harness/report/statistics/bootstrap.h"
#include "harness/report/statistics/proportion.h"

namespace assay {

// One-sided tests of one ratio against the ends of a margin [low, high] around
// 1. `p_outside` is that of two one-sided tests (Schuirmann 1987): below alpha,
// the ratio is shown to be within the margin. `bounds` has confidence 1 - 2
// alpha, so that it lies within the margin exactly where they say so.
struct MarginTest {
  double estimate = 1.0;
  Bounds bounds = {0.0, 0.0};
  double p_above = 1.0;    // of "at most high"
  double p_below = 1.0;    // of "at least low"
  double p_outside = 1.0;  // of "not within"
};

struct Margin {
  double low = 1.0, high = 1.0;  // 0 < low <= 1 <= high
  double alpha = 0.05;
};

// Median of `now` over median of `before`, each resampled in blocks by itself:
// what two series say that were measured one after the other. It knows nothing
// of what differs between two starts of one program.
MarginTest TestMedianRatio(absl::Span<const double> before,
                           absl::Span<const double> now, const Margin& margin,
                           const BootstrapOptions& options);

// The geometric mean of ratios of pairs that were measured side by side, by
// Student's t on their logarithms. At least 3, positive. Pairs that are exactly
// alike are taken as known to one part in 10^12.
MarginTest TestPairedRatios(absl::Span<const double> ratios,
                            const Margin& margin);

// A ratio known by its logarithm and the standard error of that, both from
// elsewhere; normal. error > 0.
MarginTest TestLogRatio(double log_ratio, double error, const Margin& margin);

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_STATISTICS_EQUIVALENCE_H_
