// The same network for another batch size.
#ifndef ASSAY_HARNESS_GRAPH_REWRITES_REBATCH_H_
#define ASSAY_HARNESS_GRAPH_REWRITES_REBATCH_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"

namespace assay {

// A copy in which dimension 0 of every input of rank 1 or more is `batch`.
// INVALID_ARGUMENT: batch < 1, or a node that spells the old batch out (a
// reshape without 0 or -1 there).
absl::StatusOr<Graph> Rebatch(const Graph& graph, int64_t batch);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_REWRITES_REBATCH_H_
