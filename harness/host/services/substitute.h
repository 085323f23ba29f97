// Replacing values by others wherever they are read.
#ifndef ASSAY_HARNESS_HOST_SERVICES_SUBSTITUTE_H_
#define ASSAY_HARNESS_HOST_SERVICES_SUBSTITUTE_H_

#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/graph/graph.h"

namespace assay {

// A copy in which every reader of `first` of a pair (nodes, outputs, updates)
// reads `second`, except the nodes that `second` itself depends on: so a value
// can be replaced by something computed from it (a gate, a fake quantization).
// Nodes are put in order anew, keeping the old order where it is possible; what
// nothing needs is gone. INVALID_ARGUMENT: a pair of different types, a value
// that does not exist, or two pairs that depend on one another in a circle.
absl::StatusOr<Graph> SubstituteValues(
    const Graph& graph, absl::Span<const std::pair<ValueId, ValueId>> pairs);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SERVICES_SUBSTITUTE_H_
