// Whether a causal network keeps its positions apart.
#ifndef ASSAY_HARNESS_GRAPH_REWRITES_POSITION_AXES_H_
#define ASSAY_HARNESS_GRAPH_REWRITES_POSITION_AXES_H_

#include <cstdint>
#include <set>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"

namespace assay {

constexpr int64_t kNoPositions = -1;

// What alone may bring positions together.
struct AttentionProducts {
  std::set<NodeId> scores;    // queries and keys
  std::set<NodeId> contexts;  // weights and values
  std::set<ValueId> masks;    // constants, added to scores
};

// The axis along which each value holds the positions of a network whose inputs
// are [1,T,...] with the positions on axis 1; kNoPositions for what depends on
// none.
//
// INVALID_ARGUMENT names the first result that depends on several positions
// other than by `attention`, or on the number of one (a constant with an
// element for each), and any op of which neither is known.
absl::StatusOr<std::vector<int64_t>> PositionAxes(
    const Graph& network, const AttentionProducts& attention);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_REWRITES_POSITION_AXES_H_
