// A straight run of statements as one ordinary graph.
#ifndef ASSAY_HARNESS_DYNAMIC_STRAIGHT_GRAPH_H_
#define ASSAY_HARNESS_DYNAMIC_STRAIGHT_GRAPH_H_

#include <functional>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/dynamic/dynamic_graph.h"
#include "harness/graph/graph.h"

namespace assay {

// By variable; none where it is not assigned.
using VariableTypes = std::vector<std::optional<TensorType>>;

struct StraightGraph {
  // Inputs "arg.0", ... are the variables `reads`, outputs "result.0", ...
  // become `writes`: equal runs over other variables are equal graphs. An
  // output may be an input or a constant as it is.
  Graph graph;
  std::vector<VariableId> reads, writes;
};

// `statements` (kRun, kCopy, kConstant) one after the other, typed again for
// `types`; only what `wanted` names comes out, and dead nodes and inputs go.
// INVALID_ARGUMENT names the piece, the argument, expected and got, or the node
// that does not fit.
absl::StatusOr<StraightGraph> JoinStraight(
    const DynamicGraph& graph, absl::Span<const Statement> statements,
    const VariableTypes& types, const std::function<bool(VariableId)>& wanted);

// Keeps the outputs that `keep` says, and what they need.
absl::Status KeepOutputs(const std::vector<bool>& keep, StraightGraph* graph);

}  // namespace assay

#endif  // ASSAY_HARNESS_DYNAMIC_STRAIGHT_GRAPH_H_
