// Reordering channels, heads and hidden units without changing the function,
// and cutting or reordering all that is kept beside the parameters.
#ifndef ASSAY_HARNESS_GRAPH_ELASTIC_PERMUTE_H_
#define ASSAY_HARNESS_GRAPH_ELASTIC_PERMUTE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "harness/graph/channel_groups.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"

namespace assay {

// Where each parameter's elements come from when channel order[g][i] takes the
// place of channel i in group g of FindChannelGroups(graph); an empty order
// leaves its group alone. The graph stays as it is: the channels of a group are
// interchangeable, so values rearranged by CutParameters or CutState compute
// the same. INVALID_ARGUMENT: more orders than groups, or one that is no
// permutation of its group's channels.
absl::StatusOr<std::vector<KeptIndices>> ChannelOrder(
    const Graph& graph, const std::vector<ChannelGroup>& groups,
    absl::Span<const std::vector<int64_t>> order);

// Whether a tensor of that name belongs to the parameter: its value, its mask
// "<parameter>.mask", or something kept for it, "<purpose>/<parameter>", such
// as "optimizer/momentum/conv1.weights" or "gradient/conv1.weights".
bool BelongsTo(absl::string_view name, absl::string_view parameter);

// CutParameters for a whole state: every tensor that belongs to a parameter
// that `kept` names, and has all of that parameter's axes, is cut (or
// reordered) with it; others, such as step counts, are shared.
// INVALID_ARGUMENT: an index that such a tensor lacks.
absl::StatusOr<ParameterStore> CutState(const ParameterStore& state,
                                        absl::Span<const KeptIndices> kept);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_ELASTIC_PERMUTE_H_
