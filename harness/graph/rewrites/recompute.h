// Less memory for a second forward pass: activations that the backward pass
// reads are computed again instead of kept.
#ifndef ASSAY_HARNESS_GRAPH_REWRITES_RECOMPUTE_H_
#define ASSAY_HARNESS_GRAPH_REWRITES_RECOMPUTE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"

namespace assay {

struct Recomputed {
  Graph graph;
  std::vector<ValueId> values;  // where each value of the old graph is now
};

// For a graph with gradients: nodes up to the one that makes `loss` are the
// forward pass, those behind it the backward pass. The forward pass is cut into
// `segments` runs of about the same number of bytes, where few bytes cross.
// What crosses is kept; of all segments but the last, everything else that the
// backward pass reads is computed again, a segment at once, right before its
// first reader. Nodes are functional, random numbers included, so the results
// are the same to the bit. With n bytes of activations in all, memory falls
// from n towards crossings + n / segments; the square root of the number of
// layers is a good number of segments. Running statistics move once.
// INVALID_ARGUMENT: `loss` is no result, or segments < 1.
absl::StatusOr<Recomputed> Recompute(const Graph& graph, ValueId loss,
                                     int segments);

// Keeps no result of at least `least_bytes` that one pass over kept values
// gives again: norms, activations, products and conversions all of whose
// operands are parameters or kept for the backward pass anyway. They are
// computed a second time, right before the first backward node that reads them;
// the results are the same. INVALID_ARGUMENT: `loss` is no result.
absl::StatusOr<Recomputed> RecomputeCheap(const Graph& graph, ValueId loss,
                                          int64_t least_bytes);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_REWRITES_RECOMPUTE_H_
