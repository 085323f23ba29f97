// What other programs compose of small ops, as the ops that Assay has for it.
#ifndef ASSAY_HARNESS_GRAPH_REWRITES_FUSE_COMPOSITIONS_H_
#define ASSAY_HARNESS_GRAPH_REWRITES_FUSE_COMPOSITIONS_H_

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"

namespace assay {

// Where nothing else reads the parts:
//   linear + vector, a constant                -> linear with a bias
//   reshape, linear, reshape that gathers rows
//   and spreads them again                     -> linear
//   x * (1 + erf(x / sqrt(2))) / 2             -> gelu
//   x * sigmoid(x)                             -> silu
// in any order of the factors and terms. Results differ by rounding.
absl::StatusOr<Graph> FuseCompositions(const Graph& graph);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_REWRITES_FUSE_COMPOSITIONS_H_
