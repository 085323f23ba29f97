// Linear layers whose weights are 4-bit integers by group.
#ifndef ASSAY_HARNESS_GRAPH_REWRITES_FUSE_GROUP_WEIGHTS_H_
#define ASSAY_HARNESS_GRAPH_REWRITES_FUSE_GROUP_WEIGHTS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"

namespace assay {

// linear of a source of the type that a dequantize_u4 gives its weights becomes
// linear_u4, which reads the packed ones. Others who read the weights keep them
// as they were. Layers of more than `most_rows` rows stay (0: no bound), or of
// more than `most_rows_of_large` where there are kLargeWeights or more.
absl::StatusOr<Graph> FuseGroupWeights(const Graph& graph,
                                       int64_t most_rows = 0,
                                       int64_t most_rows_of_large = 0);

// Twice as many bytes, as bf16, leave the caches.
inline constexpr int64_t kLargeWeights = int64_t{1} << 22;

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_REWRITES_FUSE_GROUP_WEIGHTS_H_
