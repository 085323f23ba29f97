// Layers whose weights are mostly zeros, marked for kernels that leave them
// out.
#ifndef ASSAY_HARNESS_GRAPH_REWRITES_MARK_SPARSE_H_
#define ASSAY_HARNESS_GRAPH_REWRITES_MARK_SPARSE_H_

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"

namespace assay {

// conv2d and linear, fused or not, become fused ops with sparse=1 where source,
// result, constant weights and bias (if any) are f32, groups are 1, and at most
// `max_density` of the weights are not zero (0: none is marked; 1: all). Where
// Winograd's kernels would multiply, 3x3 of stride 1 between blocks of sixteen
// channels, it must be 0.6 times that; 1x1 and linear layers may have 1.5 times
// as many. Sixteen output positions or samples fill a vector: a convolution
// with fewer is left dense, a linear layer with fewer needs a quarter. Sparse
// kernels read row-major images, so a convolution between others stays dense
// unless what it saves outweighs moving its source and result to that layout
// and back. Linear in the number of weights.
absl::StatusOr<Graph> MarkSparse(const Graph& graph, double max_density);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_REWRITES_MARK_SPARSE_H_
