// conv2d and linear with what follows them, as the fused ops of
// harness/ops/fused.
#ifndef ASSAY_HARNESS_GRAPH_REWRITES_FUSE_LAYERS_H_
#define ASSAY_HARNESS_GRAPH_REWRITES_FUSE_LAYERS_H_

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"

namespace assay {

// Layers whose source and constant s8 weights come from dequantize_linear (one
// scale per tensor, for weights also one per output channel, symmetric) become
// conv2d_fused and linear_fused on the integers, with the residual addition,
// activation and quantize_linear behind them. With `sums`, also across a
// quantize_linear and dequantize_linear between layer and addition. A
// quantize_linear with a grid for each column right behind a linear layer joins
// its scales and bias: a tie may then round the other way.
absl::StatusOr<Graph> FuseIntegerLayers(const Graph& graph, bool sums);

// Float layers with a residual addition or an activation that alone reads
// their result.
absl::StatusOr<Graph> FuseFloatLayers(const Graph& graph);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_REWRITES_FUSE_LAYERS_H_
