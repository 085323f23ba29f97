// Linear layers whose weights are 4-bit integers by group.
#ifndef ASSAY_HARNESS_GRAPH_REWRITES_FUSE_GROUP_WEIGHTS_H_
#define ASSAY_HARNESS_GRAPH_REWRITES_FUSE_GROUP_WEIGHTS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"

namespace assay {

// linear of a source of the type that a dequantize_u4 gives its weights becomes
// linear_u4, which reads the packed ones. Others who read the weights keep them
// as they were. Layers of more than `most_rows` rows stay (0: no bound).
absl::StatusOr<Graph> FuseGroupWeights(const Graph& graph,
                                       int64_t most_rows = 0);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_REWRITES_FUSE_GROUP_WEIGHTS_H_
