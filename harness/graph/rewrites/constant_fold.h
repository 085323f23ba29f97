// Nodes over constants become constants.
#ifndef ASSAY_HARNESS_GRAPH_REWRITES_CONSTANT_FOLD_H_
#define ASSAY_HARNESS_GRAPH_REWRITES_CONSTANT_FOLD_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"

namespace assay {

// A copy in which every node whose operands are all constants is replaced by
// its results, computed by the op's reference; dead constants are removed.
// Nodes whose results have more than `max_elements` elements together, and ops
// without a reference, stay as they are.
absl::StatusOr<Graph> FoldConstants(const Graph& graph,
                                    int64_t max_elements = int64_t{1} << 28);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_REWRITES_CONSTANT_FOLD_H_
