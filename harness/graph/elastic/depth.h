// Residual blocks, and networks without some of them.
#ifndef ASSAY_HARNESS_GRAPH_ELASTIC_DEPTH_H_
#define ASSAY_HARNESS_GRAPH_ELASTIC_DEPTH_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/graph/graph.h"

namespace assay {

// An addition of a value and something computed from that value: the block can
// go, and its input takes the place of the sum.
struct ResidualBlock {
  std::string name;         // of the first parameter that only the branch reads
  ValueId skip = kNoValue;  // what goes around
  ValueId sum = kNoValue;   // skip + branch, of skip's type
};

// In the order of their sums. Blocks may hold others (a transformer's layer is
// two blocks in a row; an hourglass nests them). Branches without parameters
// are no blocks, nor are projections: there the type or the operand differs.
std::vector<ResidualBlock> FindResidualBlocks(const Graph& graph);

// A network without those blocks, and without what only they needed.
// INVALID_ARGUMENT: a block whose values the graph does not have, or whose sum
// has another type than its skip.
absl::StatusOr<Graph> DropBlocks(const Graph& graph,
                                 absl::Span<const ResidualBlock> blocks);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_ELASTIC_DEPTH_H_
