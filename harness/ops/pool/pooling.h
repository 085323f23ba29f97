// What the pooling ops share.
#ifndef ASSAY_HARNESS_OPS_POOL_POOLING_H_
#define ASSAY_HARNESS_OPS_POOL_POOLING_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "harness/graph/op_schema.h"
#include "harness/ops/support/infer.h"
#include "harness/ops/support/window.h"

namespace assay {

// The windows of a pool over [N,C,H,W] from `kernel`, `strides`, `pads`; a pad
// as wide as the kernel is refused, so that no window lies wholly outside.
absl::StatusOr<Windows> CheckPool(const Attributes& attributes,
                                  absl::Span<const int64_t> source);
// The same for checked attributes.
Windows KnownPool(const Attributes& attributes, const Shape& src);

// [N,C,OH,OW].
Shape PooledShape(const Shape& src, const Windows& windows);

// kernel, strides, pads.
std::map<std::string, std::string> PoolAttributes();

// Source indices [first, end) of one output's window along one axis.
struct Extent {
  int64_t first, end;
};
inline Extent Inside(const Window& w, int64_t o) {
  const int64_t start = w.Source(o, 0);
  return {std::max<int64_t>(start, 0), std::min(start + w.kernel, w.in)};
}

// Calls visit(plane, o, y, x) for every plane (image and channel) and output;
// o counts the outputs of a plane, y and x are its window's extents.
template <typename Visit>
void ForEachWindow(const Windows& windows, int64_t planes, const Visit& visit) {
  for (int64_t plane = 0; plane < planes; ++plane) {
    int64_t o = 0;
    for (int64_t oy = 0; oy < windows.y.out; ++oy) {
      const Extent y = Inside(windows.y, oy);
      for (int64_t ox = 0; ox < windows.x.out; ++ox) {
        visit(plane, o++, y, Inside(windows.x, ox));
      }
    }
  }
}

// Images and channels go on; spatial axes stay.
void CouplePool(ChannelCoupler& coupler);

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_POOL_POOLING_H_
