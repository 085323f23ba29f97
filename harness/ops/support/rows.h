// The lines of a tensor along one axis.
#ifndef ASSAY_HARNESS_OPS_SUPPORT_ROWS_H_
#define ASSAY_HARNESS_OPS_SUPPORT_ROWS_H_

#include <cstdint>

#include "absl/types/span.h"
#include "harness/core/shape.h"

namespace assay {

// Element i of a row lies at start + i * stride(), for i in [0, length()).
class Rows {
 public:
  // `axis` may be negative; it must be in range.
  Rows(absl::Span<const int64_t> shape, int64_t axis) {
    const size_t at = static_cast<size_t>(
        axis < 0 ? axis + static_cast<int64_t>(shape.size()) : axis);
    outer_ = ElementCount(shape.subspan(0, at));
    length_ = shape[at];
    stride_ = ElementCount(shape.subspan(at + 1));
  }

  int64_t length() const { return length_; }
  int64_t stride() const { return stride_; }
  int64_t count() const { return outer_ * stride_; }

  // visit(start) for each row, in row-major order of the other axes.
  template <typename Visit>
  void ForEach(const Visit& visit) const {
    for (int64_t o = 0; o < outer_; ++o) {
      for (int64_t s = 0; s < stride_; ++s) {
        visit(o * length_ * stride_ + s);
      }
    }
  }

 private:
  int64_t outer_, length_, stride_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_SUPPORT_ROWS_H_
