// Which channels go, given a score for each.
#ifndef ASSAY_PLUGINS_STRUCTURED_BASELINES_CHANNEL_SELECTION_H_
#define ASSAY_PLUGINS_STRUCTURED_BASELINES_CHANNEL_SELECTION_H_

#include <cstdint>
#include <vector>

#include "harness/abi/sdk.h"

namespace assay::structured_baselines {

// Scores per group and channel, higher = keep. A group without scores is left
// alone.
using GroupScores = std::vector<std::vector<double>>;
using Removed = std::vector<std::vector<int64_t>>;  // ascending, per group

struct SelectionOptions {
  bool global = false;      // one ranking over all groups, else each its own
  double least_kept = 0.1;  // fraction of a group that stays whatever happens
  int64_t round_to = 1;     // kept channels are a multiple of this
};

// Removes the channels with the lowest scores, ties lowest group, then lowest
// channel first.
//
//   local    of each group of n channels, n - int(n * (1 - ratio)).
//   global   of all N scored channels together as many; a group that would fall
//            below its least number keeps its best ones instead, and others do
//            not pay for that.
//   rounding a group keeps floor(kept / round_to) * round_to, at least
//            round_to, and never less than max(1, least_kept * n) rounded up.
//
// INVALID_ARGUMENT: ratio not in [0, 1), or a score is NaN (the message names
// group and channel).
sdk::StatusOr<Removed> SelectChannels(const GroupScores& scores, double ratio,
                                      const SelectionOptions& options);

}  // namespace assay::structured_baselines

#endif  // ASSAY_PLUGINS_STRUCTURED_BASELINES_CHANNEL_SELECTION_H_
