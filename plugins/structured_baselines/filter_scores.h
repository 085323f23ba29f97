// Scores of channels from the weights alone. A matrix here is a weight viewed
// as rows: row i holds everything of output channel i.
#ifndef ASSAY_PLUGINS_STRUCTURED_BASELINES_FILTER_SCORES_H_
#define ASSAY_PLUGINS_STRUCTURED_BASELINES_FILTER_SCORES_H_

#include <cstdint>
#include <vector>

#include "harness/abi/sdk.h"

namespace assay::structured_baselines {

// Sums of f over the slice `index` along `axis` of a row-major tensor, for
// every index of that axis: {sum of f(w) over all w with that index}. [extent]
// f is one of the two below.
enum class Term { kAbsolute, kSquare };
std::vector<double> SliceSums(sdk::Span<const float> values,
                              const std::vector<int64_t>& shape, int axis,
                              Term term);

// Filter pruning via geometric median, He et al. 2019, arXiv 1811.00250,
// equation 4: D_i = sum over j of the Euclidean distance between rows i and j;
// the smallest are closest to the geometric median and go first. Rows are taken
// along axis 0. O(rows^2 * columns).
std::vector<double> DistanceSums(sdk::Span<const float> values,
                                 const std::vector<int64_t>& shape);

}  // namespace assay::structured_baselines

#endif  // ASSAY_PLUGINS_STRUCTURED_BASELINES_FILTER_SCORES_H_
