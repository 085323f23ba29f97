// Sub-networks over shared weights: the same parameters, read in part.
#ifndef ASSAY_HARNESS_GRAPH_ELASTIC_SUBNET_H_
#define ASSAY_HARNESS_GRAPH_ELASTIC_SUBNET_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/graph/channel_analysis.h"
#include "harness/graph/channel_groups.h"
#include "harness/graph/graph.h"

namespace assay {

// A sub-network in both of its forms. They compute the same, to the bit: the
// sliced one reads the supernet's parameters whole and cuts them as it runs, so
// that gradients scatter back into them; the dense one has small parameters of
// its own, CutParameters(supernet's, kept), and is what is evaluated, timed and
// submitted.
struct Subnet {
  Graph sliced;
  Graph dense;
  std::vector<KeptIndices> kept;  // by parameter and axis
};

// The sub-network without channels removed[g] of group g. Errors as
// RemoveChannels.
absl::StatusOr<Subnet> TakeSubnet(
    const Graph& supernet, const ChannelAnalysis& analysis,
    absl::Span<const std::vector<int64_t>> removed);

// What TakeSubnet removes so that group g keeps its channels [0, keep[g]), or,
// with `order`, the first keep[g] of order[g] (all channels of the group, the
// most important first). INVALID_ARGUMENT: other numbers of groups, or keep[g]
// not in [1, channels].
absl::StatusOr<std::vector<std::vector<int64_t>>> KeepFirst(
    const std::vector<ChannelGroup>& groups, absl::Span<const int64_t> keep,
    absl::Span<const std::vector<int64_t>> order = {});

// A copy of `dense` that reads each parameter named by `kept` from the one of
// that name in `full`: by a slice where its indices are contiguous, else by a
// gather. `dense` must have the shapes that `kept` gives (INVALID_ARGUMENT
// names a parameter that has not, or that either graph lacks). Updates of
// parameters that are cut are left out: a part cannot take the place of the
// whole. So train batch norms by the batch (BatchNormMode::kBatch) and
// recalibrate the statistics of what is chosen.
absl::StatusOr<Graph> ReadFromFull(const Graph& dense, const Graph& full,
                                   absl::Span<const KeptIndices> kept);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_ELASTIC_SUBNET_H_
