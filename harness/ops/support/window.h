// The geometry of convolutions and pooling along one spatial axis.
#ifndef ASSAY_HARNESS_OPS_SUPPORT_WINDOW_H_
#define ASSAY_HARNESS_OPS_SUPPORT_WINDOW_H_

#include <algorithm>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/graph/attributes.h"

namespace assay {

struct Window {
  int64_t in = 0, out = 0, kernel = 0, stride = 1, dilation = 1, before = 0;

  // Where tap k of output o reads; may lie outside [0, in).
  int64_t Source(int64_t o, int64_t k) const {
    return o * stride + k * dilation - before;
  }
  // The outputs [FirstOutput(k), LastOutput(k)) whose tap k lies inside.
  int64_t FirstOutput(int64_t k) const {
    const int64_t offset = Source(0, k);
    return offset >= 0 ? 0 : (-offset + stride - 1) / stride;
  }
  int64_t LastOutput(int64_t k) const {
    const int64_t room = in - 1 - Source(0, k);
    return room < 0 ? 0 : std::min(out, room / stride + 1);
  }
};

// Rows and columns.
struct Windows {
  Window y, x;
};

// From `strides`, `pads` [top, left, bottom, right] and `dilations` (1, 0 and 1
// when absent), the source's and the kernel's extents (two each, at least 1).
// out = floor((in + pads - ((kernel - 1) dilation + 1)) / stride) + 1.
// INVALID_ARGUMENT when an attribute is out of range or the kernel does not
// fit.
absl::StatusOr<Windows> MakeWindows(const Attributes& attributes,
                                    absl::Span<const int64_t> source,
                                    absl::Span<const int64_t> kernel);

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_SUPPORT_WINDOW_H_
