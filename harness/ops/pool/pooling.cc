#include "harness/ops/pool/pooling.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/ops/support/couple.h"

namespace assay {

absl::StatusOr<Windows> CheckPool(const Attributes& attributes,
                                  absl::Span<const int64_t> source) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<int64_t> kernel,
                         IntsOfSize(attributes, "kernel", {}, 2, 1));
  const std::vector<int64_t> pads = attributes.Ints("pads", {0, 0, 0, 0});
  ASSAY_ASSIGN_OR_RETURN(const Windows windows,
                         MakeWindows(attributes, source, kernel));
  for (size_t i = 0; i < 4; ++i) {
    if (pads[i] >= kernel[i % 2]) {
      return absl::InvalidArgumentError(
          absl::StrCat("pads: expected less than kernel=", ToString(kernel),
                       ", got ", ToString(pads)));
    }
  }
  return windows;
}

Windows KnownPool(const Attributes& attributes, const Shape& src) {
  const absl::StatusOr<Windows> windows =
      CheckPool(attributes, absl::MakeConstSpan(src).subspan(2));
  return *windows;
}

Shape PooledShape(const Shape& src, const Windows& windows) {
  return {src[0], src[1], windows.y.out, windows.x.out};
}

std::map<std::string, std::string> PoolAttributes() {
  return {{"kernel", "ints"}, {"strides", "ints"}, {"pads", "ints"}};
}

void CouplePool(ChannelCoupler& coupler) {
  const ValueId src = coupler.node().inputs[0];
  const ValueId dst = coupler.node().outputs[0];
  CoupleLeading(coupler, src, dst, 2);
  FreezeFrom(coupler, src, 2);
  FreezeFrom(coupler, dst, 2);
}

}  // namespace assay
