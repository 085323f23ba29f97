// Quantization that no integer kernel asks for, and integers that move.
#ifndef ASSAY_HARNESS_GRAPH_REWRITES_DROP_ROUNDINGS_H_
#define ASSAY_HARNESS_GRAPH_REWRITES_DROP_ROUNDINGS_H_

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"

namespace assay {

// x -> quantize_linear -> dequantize_linear goes where all readers compute in
// floats whatever they are given: products of two activations, softmax, layer
// norms, functions, arithmetic with something that is not quantized. They read
// x then, which is what the file would have had without that rounding. Layers,
// additions of two quantized values, and what only moves elements keep theirs:
// integer kernels take those (rewrites/fuse_layers.h). With `keep_products`
// products of two activations keep theirs too: attention on integers takes
// those (rewrites/fuse_attention.h).
//
// A sum that norms alone read, of x and of something that is not quantized,
// reads x itself also where a layer reads the pair.
absl::StatusOr<Graph> DropRoundings(const Graph& graph,
                                    bool keep_products = false);

// What is on a grid moves as integers: slice, pad by 0, reshape, transpose and
// max_pool of a dequantize_linear move the integers (padded with their zero
// point) and are dequantized behind it. Another quantize_linear and
// dequantize_linear behind that go where they are of the same grid, and in
// front of sums and further moves: a value that lies on a grid is not rounded
// to a second one there. Grids must be constants of one scale.
absl::StatusOr<Graph> SinkDequantize(const Graph& graph);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_REWRITES_DROP_ROUNDINGS_H_
