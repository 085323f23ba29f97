// Location and spread of a sample, and its quantiles.
#ifndef ASSAY_HARNESS_CORE_DESCRIPTIVE_H_
#define ASSAY_HARNESS_CORE_DESCRIPTIVE_H_

#include <vector>

#include "absl/types/span.h"

namespace assay {

// Of an empty sample: 0. Values must be finite.
double Mean(absl::Span<const double> values);
// Divided by n - 1; 0 for fewer than two values.
double StandardDeviation(absl::Span<const double> values);

std::vector<double> Sorted(absl::Span<const double> values);

// The value that a fraction `p` of the sample lies at or below, linear between
// neighbours: position p * (n - 1), R's type 7. `sorted` ascending, not empty;
// p in [0, 1].
double SortedQuantile(absl::Span<const double> sorted, double p);

// SortedQuantile(0.5) in O(n).
double Median(absl::Span<const double> values);

}  // namespace assay

#endif  // ASSAY_HARNESS_CORE_DESCRIPTIVE_H_
