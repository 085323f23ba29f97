// Two layers in a row with a narrow middle, as factorised layers are.
#ifndef ASSAY_HARNESS_GRAPH_REWRITES_FOLD_LOW_RANK_H_
#define ASSAY_HARNESS_GRAPH_REWRITES_FOLD_LOW_RANK_H_

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"

namespace assay {

// Multiplies a pair out where one layer costs no more multiply-accumulates than
// the two, zeros of the pair's weights left out: a pair of rank r from i to o
// where r * (i + o) >= i * o. Pairs are
//   linear, then linear;
//   a convolution of one group, then a 1x1 one of stride 1 without padding;
//   a 1x1 one of stride 1 without padding, then a convolution of one group
//   (with padding only where the first has no bias: padding is zero);
// with constant f32 weights and biases, and nothing else that reads the middle.
// Products are summed in double. Chains of more than two fold from the front.
absl::StatusOr<Graph> FoldLowRank(const Graph& graph);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_REWRITES_FOLD_LOW_RANK_H_
