// Quantization that no integer kernel asks for.
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
// integer kernels take those (rewrites/fuse_layers.h).
absl::StatusOr<Graph> DropRoundings(const Graph& graph);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_REWRITES_DROP_ROUNDINGS_H_
