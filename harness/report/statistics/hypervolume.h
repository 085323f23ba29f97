// The space that a set of points dominates: how good a front is, in one number.
#ifndef ASSAY_HARNESS_REPORT_STATISTICS_HYPERVOLUME_H_
#define ASSAY_HARNESS_REPORT_STATISTICS_HYPERVOLUME_H_

#include <array>
#include <vector>

#include "absl/types/span.h"

namespace assay {

using Point2 = std::array<double, 2>;
using Point3 = std::array<double, 3>;

// All objectives are minimised; `reference` is the worst corner. Points that do
// not beat it in every objective add nothing, nor do dominated ones. Finite
// values. O(n log n) and O(n^2 log n).
double Hypervolume(absl::Span<const Point2> points, Point2 reference);
double Hypervolume(absl::Span<const Point3> points, Point3 reference);

// Indices, ascending, of the points that none dominates (no worse in both and
// better in one). Equal points are all kept.
std::vector<size_t> NonDominated(absl::Span<const Point2> points);

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_STATISTICS_HYPERVOLUME_H_
