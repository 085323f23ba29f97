// How much a series in time repeats itself, and what that costs.
#ifndef ASSAY_HARNESS_REPORT_STATISTICS_AUTOCORRELATION_H_
#define ASSAY_HARNESS_REPORT_STATISTICS_AUTOCORRELATION_H_

#include <cstdint>

#include "absl/types/span.h"

namespace assay {

// Correlation of the series with itself `lag` later, both about the common mean
// and divided by n times the variance. 1 at lag 0; 0 for a constant series or
// lag >= n.
double Autocorrelation(absl::Span<const double> series, int64_t lag);

// n / (1 + 2 * sum of autocorrelations), the sum cut where pairs of
// neighbouring lags fall below two of their standard errors under independence
// (Geyer's initial positive sequence with a floor, so that noise alone takes
// nothing away). In [1, n]; n for fewer than four values or a constant series.
// O(n lags).
double EffectiveSampleSize(absl::Span<const double> series);

// Length of the blocks to resample by, so that what hangs together stays
// together: the larger of twice the correlation time n / ESS and n^(1/3), at
// most n / 4 and at least 1.
int64_t BlockLength(absl::Span<const double> series);

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_STATISTICS_AUTOCORRELATION_H_
