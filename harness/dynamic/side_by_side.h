// All pieces of a network with control flow in one ordinary graph.
#ifndef ASSAY_HARNESS_DYNAMIC_SIDE_BY_SIDE_H_
#define ASSAY_HARNESS_DYNAMIC_SIDE_BY_SIDE_H_

#include "absl/status/statusor.h"
#include "harness/dynamic/dynamic_graph.h"
#include "harness/graph/graph.h"

namespace assay {

// Each distinct piece once, in the order of the source; they share parameters,
// which come first, and nothing else. Piece i has inputs and outputs "i/name".
// For parameters, bytes, bits and hashes; nothing runs it.
absl::StatusOr<Graph> SideBySide(const DynamicGraph& graph);

}  // namespace assay

#endif  // ASSAY_HARNESS_DYNAMIC_SIDE_BY_SIDE_H_
