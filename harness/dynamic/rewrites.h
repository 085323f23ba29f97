// Networks with control flow, rewritten before they are split.
#ifndef ASSAY_HARNESS_DYNAMIC_REWRITES_H_
#define ASSAY_HARNESS_DYNAMIC_REWRITES_H_

#include <cstdint>
#include <functional>

#include "absl/status/statusor.h"
#include "harness/dynamic/dynamic_graph.h"

namespace assay {

// Statements that loops are written out to at most, all together.
constexpr int64_t kMostUnrolled = 1 << 16;

// Writes out loops of at most `limit` iterations: a For as its bodies one after
// the other, a While as conditionals within each other; inner loops first.
// Copies share their pieces and keep their sites. Longer loops stay, and those
// for which kMostUnrolled leaves no room.
DynamicGraph Unroll(const DynamicGraph& graph, int64_t limit);

// Computes what depends on constants alone (pieces without parameters whose
// results have few elements) and removes conditionals that are decided by it,
// with the branch that is never taken. Errors are those of a piece that does
// not fit its arguments.
absl::StatusOr<DynamicGraph> PropagateConstants(const DynamicGraph& graph);

// Every node of every piece becomes a piece of its own: with merge_chains off
// and nothing lowered, a run is op by op, as eager frameworks run.
absl::StatusOr<DynamicGraph> SplitNodes(const DynamicGraph& graph);

// The graph without conditionals: `choose` says of each, with the rest of its
// block still to come in both cases, which side it takes. Loops must have been
// unrolled; FAILED_PRECONDITION otherwise.
absl::StatusOr<DynamicGraph> FollowPath(
    const DynamicGraph& graph,
    const std::function<bool(const Statement&)>& choose);

// The path with the most multiply-accumulates, as the pieces are typed: what a
// static compiler must run so that every input gets the network's best answer.
absl::StatusOr<DynamicGraph> LongestPath(const DynamicGraph& graph);

// Multiply-accumulates of the longest path; the largest number where they are
// more, as in a loop without a bound.
int64_t LongestPathMacs(const DynamicGraph& graph);

}  // namespace assay

#endif  // ASSAY_HARNESS_DYNAMIC_REWRITES_H_
