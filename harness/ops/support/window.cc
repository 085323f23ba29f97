#include "harness/ops/support/window.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/ops/support/infer.h"

namespace assay {

absl::StatusOr<Windows> MakeWindows(const Attributes& attributes,
                                    absl::Span<const int64_t> source,
                                    absl::Span<const int64_t> kernel) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<int64_t> strides,
                         IntsOfSize(attributes, "strides", {1, 1}, 2, 1));
  ASSAY_ASSIGN_OR_RETURN(const std::vector<int64_t> pads,
                         IntsOfSize(attributes, "pads", {0, 0, 0, 0}, 4, 0));
  ASSAY_ASSIGN_OR_RETURN(const std::vector<int64_t> dilations,
                         IntsOfSize(attributes, "dilations", {1, 1}, 2, 1));
  Windows windows;
  for (size_t i = 0; i < 2; ++i) {
    Window& w = i == 0 ? windows.y : windows.x;
    w = {source[i], 0, kernel[i], strides[i], dilations[i], pads[i]};
    const int64_t padded = w.in + w.before + pads[i + 2];
    int64_t room;  // for the kernel to move
    if (__builtin_mul_overflow(w.kernel - 1, w.dilation, &room) ||
        (room = padded - 1 - room) < 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "expected a kernel that fits into the padded source, got kernel ",
          ToString(kernel), " with dilations ", ToString(dilations),
          " over source ", ToString(source), " with pads ", ToString(pads)));
    }
    w.out = room / w.stride + 1;
  }
  return windows;
}

}  // namespace assay
