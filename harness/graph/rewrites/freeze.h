// Parameters become constants.
#ifndef ASSAY_HARNESS_GRAPH_REWRITES_FREEZE_H_
#define ASSAY_HARNESS_GRAPH_REWRITES_FREEZE_H_

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"

namespace assay {

// A copy in which every parameter that `parameters` holds is a constant that
// shares its tensor; other parameters stay, and so do their updates. Updates of
// frozen parameters are dropped. INVALID_ARGUMENT: a tensor of another type.
absl::StatusOr<Graph> Freeze(const Graph& graph,
                             const ParameterStore& parameters);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_REWRITES_FREEZE_H_
