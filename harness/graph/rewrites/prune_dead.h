// Dead code: what no output and no update needs.
#ifndef ASSAY_HARNESS_GRAPH_REWRITES_PRUNE_DEAD_H_
#define ASSAY_HARNESS_GRAPH_REWRITES_PRUNE_DEAD_H_

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"

namespace assay {

// A copy without dead nodes, constants and parameters. Inputs stay: they are
// the graph's signature. A live update keeps its parameter.
absl::StatusOr<Graph> PruneDead(const Graph& graph);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_REWRITES_PRUNE_DEAD_H_
