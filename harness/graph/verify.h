// Checks that a graph is whole: for graphs read from files, edited in place or
// made by a rewrite.
#ifndef ASSAY_HARNESS_GRAPH_VERIFY_H_
#define ASSAY_HARNESS_GRAPH_VERIFY_H_

#include "absl/status/status.h"
#include "harness/graph/graph.h"

namespace assay {

// OK when
//   - every id is in range, every result belongs to the node that lists it, and
//     nodes read only values defined before them;
//   - value names are unique and found by name, output names are unique;
//   - inputs(), parameters() and updates() name values of their kinds, and an
//     update has its parameter's type;
//   - constants hold a tensor of their type;
//   - every node satisfies its op's schema, attributes included, and inference
//     gives back the stored types.
// INVALID_ARGUMENT names the first value, node or output that breaks a rule.
// O(graph).
absl::Status Verify(const Graph& graph);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_VERIFY_H_
