#include "harness/ops/support/strided.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace assay {

absl::StatusOr<Shape> BroadcastShapes(const Shape& a, const Shape& b) {
  const Shape& longer = a.size() >= b.size() ? a : b;
  const Shape& shorter = a.size() >= b.size() ? b : a;
  Shape shape = longer;
  const size_t added = longer.size() - shorter.size();
  for (size_t i = 0; i < shorter.size(); ++i) {
    int64_t& extent = shape[added + i];
    if (extent == shorter[i] || shorter[i] == 1) continue;
    if (extent != 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("expected shapes that broadcast, got ", ToString(a),
                       " and ", ToString(b)));
    }
    extent = shorter[i];
  }
  return shape;
}

std::vector<int64_t> BroadcastStrides(const Shape& from, const Shape& to) {
  const std::vector<int64_t> own = RowMajorStrides(from);
  std::vector<int64_t> strides(to.size(), 0);
  const size_t added = to.size() - from.size();
  for (size_t i = 0; i < from.size(); ++i) {
    strides[added + i] = from[i] == 1 ? 0 : own[i];
  }
  return strides;
}

void MergeAxes(Shape* shape, std::vector<int64_t>* strides, size_t operands) {
  size_t kept = 0;  // axes [0, kept) are final, and kept - 1 may still grow
  for (size_t axis = 0; axis < shape->size(); ++axis) {
    const int64_t extent = (*shape)[axis];
    if (extent == 1) continue;
    bool joins = kept > 0;
    for (size_t n = 0; joins && n < operands; ++n) {
      joins = strides[n][kept - 1] == extent * strides[n][axis];
    }
    if (joins) {
      (*shape)[kept - 1] *= extent;
    } else {
      (*shape)[kept++] = extent;
    }
    for (size_t n = 0; n < operands; ++n) {
      strides[n][kept - 1] = strides[n][axis];
    }
  }
  shape->resize(kept);
  for (size_t n = 0; n < operands; ++n) strides[n].resize(kept);
}

}  // namespace assay
