// Extents of a tensor, outermost first.
#ifndef ASSAY_HARNESS_CORE_SHAPE_H_
#define ASSAY_HARNESS_CORE_SHAPE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"

namespace assay {

// Row-major (C order) everywhere in host memory. A scalar has rank 0 and one
// element.
using Shape = std::vector<int64_t>;

// Product of the extents; 1 for rank 0.
int64_t ElementCount(absl::Span<const int64_t> shape);

// Row-major strides in elements: {12, 4, 1} for {2, 3, 4}.
std::vector<int64_t> RowMajorStrides(absl::Span<const int64_t> shape);

// "[2,3,4]".
std::string ToString(absl::Span<const int64_t> shape);

}  // namespace assay

#endif  // ASSAY_HARNESS_CORE_SHAPE_H_
