// Scores of the channels of a network's groups.
#ifndef ASSAY_PLUGINS_STRUCTURED_BASELINES_GROUP_SCORES_H_
#define ASSAY_PLUGINS_STRUCTURED_BASELINES_GROUP_SCORES_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/abi/sdk.h"
#include "plugins/structured_baselines/channel_selection.h"

namespace assay::structured_baselines {

// Parameters by name.
using Parameters = std::map<std::string, sdk::Parameter>;
Parameters ParametersOf(sdk::GraphRef graph);

// Whether a method may prune this group: with `streams`, all groups; without,
// only those whose channels one layer alone makes (the insides of residual
// blocks, and every layer of a plain network). A depthwise convolution carries
// channels and makes none.
bool MayPrune(const sdk::Group& group, const Parameters& parameters,
              bool streams);

// Scores from the weights, empty for groups that MayPrune refuses.
//
//   l1        sum of |w| over the channel's filter, Li et al. 2017, arXiv
//             1608.08710; several producers: mean over them of score / mean.
//   fpgm      DistanceSums of the producer's filters.
//   slimming  |gamma| of the channel's batch norms, Liu et al. 2017, arXiv
//             1708.06519; groups without batch norm are left alone.
//   depgraph  mean over all tensors that the channel slices of the sum of w^2,
//             divided by the mean over the group, Fang et al. 2023, arXiv
//             2301.12900.
//   random    uniform, from the stream "channels".
sdk::StatusOr<GroupScores> ScoreGroups(
    const sdk::Run& run, std::string_view score, sdk::GraphRef graph,
    const sdk::Groups& groups, const sdk::Parameters& set, bool streams);

}  // namespace assay::structured_baselines

#endif  // ASSAY_PLUGINS_STRUCTURED_BASELINES_GROUP_SCORES_H_
