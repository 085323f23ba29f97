// The same network for a part of its batch.
#ifndef ASSAY_HARNESS_GRAPH_REWRITES_SPLIT_BATCH_H_
#define ASSAY_HARNESS_GRAPH_REWRITES_SPLIT_BATCH_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"

namespace assay {

struct SplitGraph {
  // Ids, names and outputs are those of the whole graph.
  Graph graph;
  // By value: holds samples, outermost, so that a part of the batch is a part
  // of the memory of a row-major tensor. The others do not depend on the batch.
  std::vector<bool> has_samples;
};

// `graph` for `samples` of the samples that its inputs hold. Unlike Rebatch it
// knows op by op that every sample goes its own way, and adapts attributes and
// constants that spell the batch out: running the result on each part in turn
// gives the parts of every output.
//
// UNIMPLEMENTED names the first node that mixes samples, or that may (training
// steps, control); INVALID_ARGUMENT: `samples` does not divide the batch, or
// inputs disagree about it.
absl::StatusOr<SplitGraph> SplitBatch(const Graph& graph, int64_t samples);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_REWRITES_SPLIT_BATCH_H_
