// What both ways to recompute share.
#ifndef ASSAY_HARNESS_GRAPH_REWRITES_RECOMPUTE_COPY_H_
#define ASSAY_HARNESS_GRAPH_REWRITES_RECOMPUTE_COPY_H_

#include <functional>

#include "absl/status/statusor.h"
#include "harness/graph/copier.h"
#include "harness/graph/graph.h"
#include "harness/graph/rewrites/recompute.h"

namespace assay {

// A copy whose nodes from `forward_nodes` on read what `operand` gives for
// each of their operands; it may compute values before it answers.
absl::StatusOr<Recomputed> CopyBackward(
    const Graph& graph, NodeId forward_nodes,
    const std::function<absl::StatusOr<ValueId>(GraphCopier&, ValueId)>&
        operand);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_REWRITES_RECOMPUTE_COPY_H_
