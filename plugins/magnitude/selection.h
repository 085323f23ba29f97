// Which weights go: the ones with the lowest scores, in a fixed order.
#ifndef ASSAY_PLUGINS_MAGNITUDE_SELECTION_H_
#define ASSAY_PLUGINS_MAGNITUDE_SELECTION_H_

#include <cstdint>
#include <vector>

#include "harness/abi/sdk.h"

namespace assay::magnitude {

// One prunable tensor under its mask.
struct MaskedScores {
  sdk::Span<const double> scores;  // higher = keep; [n]
  sdk::Span<uint8_t> mask;         // 1 = alive; [n]
};

// Sets to 0 the masks of the `count` alive entries that come first in the order
// (score, tensor, index), over all tensors together. The order is total, so
// that ties are cut at exactly `count` and equal inputs give equal masks.
//
//   cost    O(alive) expected time, 16 bytes per alive entry.
//   errors  INVALID_ARGUMENT, masks untouched: sizes differ, a score is NaN
//           (the message names tensor and index), or `count` is not in
//           [0, alive].
sdk::Status DropLowest(const std::vector<MaskedScores>& tensors, int64_t count);

int64_t CountAlive(sdk::Span<const uint8_t> mask);

}  // namespace assay::magnitude

#endif  // ASSAY_PLUGINS_MAGNITUDE_SELECTION_H_
