// Removing channels at random, and the masking that it must equal.
#ifndef ASSAY_HARNESS_GRAPH_TESTING_REMOVAL_H_
#define ASSAY_HARNESS_GRAPH_TESTING_REMOVAL_H_

#include <cstdint>
#include <vector>

#include "harness/core/random.h"
#include "harness/graph/channel_groups.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"

namespace assay {

// By group, the channels that go; ascending.
using Removal = std::vector<std::vector<int64_t>>;

// Random channels of every group; at least one stays.
Removal RandomRemoval(const std::vector<ChannelGroup>& groups,
                      RandomStream& stream);

// A copy of `store` (f64) in which every slice of the removed channels is 0.
ParameterStore MaskChannels(const Graph& graph,
                            const std::vector<ChannelGroup>& groups,
                            const Removal& removed,
                            const ParameterStore& store);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_TESTING_REMOVAL_H_
