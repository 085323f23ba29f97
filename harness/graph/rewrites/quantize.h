// Quantized networks: quantize_linear and dequantize_linear nodes around what a
// backend's lowering turns into integer kernels (the ONNX way).
//
// Formulae (rne: round half to even):
//   activations, u8, per tensor, from a range [low, high] widened to hold 0:
//     scale      = max((high - low) / 255, 1e-8)
//     zero_point = clamp(rne(-low / scale), 0, 255)    (0 when low is 0)
//     q          = clamp(rne(x / scale) + zero_point, 0, 255)
//   weights, s8, symmetric, per tensor or per output channel:
//     scale      = max(max|w| / 127, 1e-8)             (or one of the caller's)
//     q          = clamp(rne(w / scale), -127, 127)
//   both: x^ = scale * (q - zero_point)
#ifndef ASSAY_HARNESS_GRAPH_REWRITES_QUANTIZE_H_
#define ASSAY_HARNESS_GRAPH_REWRITES_QUANTIZE_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "harness/core/tensor.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"

namespace assay {

struct ActivationRange {
  double low = 0, high = 0;
};

struct ActivationGrid {
  float scale = 1;
  int32_t zero_point = 0;
};

// The u8 grid of a range. INVALID_ARGUMENT: not finite, or low > high.
absl::StatusOr<ActivationGrid> GridOf(const ActivationRange& range);

// Scales of f32 weights [O, ...]: shape [O] per output channel, else [].
Tensor WeightScales(const Tensor& weights, bool per_channel);

// s8 of f32 weights [O, ...] by scales of shape [O] or [].
Tensor QuantizeWeights(const Tensor& weights, const Tensor& scales);

struct QuantizeOptions {
  // Ranges by the name of the value in the graph.
  std::map<std::string, ActivationRange> activations;
  // Scales (f32, [] or [O]) by the name of the weights. A conv2d or linear is
  // quantized if and only if its weights stand here, so that first and last
  // layers are left out by leaving them out.
  std::map<std::string, Tensor> weight_scales;
  // Also wraps both operands of additions of two activations of one shape,
  // where both have a range.
  bool residual_adds = true;
  // Also wraps both operands of products of two activations (matmul: those of
  // attention), where both have a range.
  bool products = true;
};

struct QuantizedNetwork {
  Graph graph;
  ParameterStore parameters;
};

// Wraps the source of each chosen layer (one pair of nodes per value, however
// many layers read it), and replaces its weights by an s8 parameter of the same
// name and a dequantize_linear. Biases stay f32. Scales and zero points are
// constants ("<value>.scale", "<value>.zero_point"). Fold batch norms first.
// INVALID_ARGUMENT: a chosen layer's source has no range, weights that are no
// f32 parameter or are also read by a node that is not chosen, scales of
// another shape or not positive, or a name in `weight_scales` that no layer
// reads. NOT_FOUND: weights that `parameters` lacks.
absl::StatusOr<QuantizedNetwork> Quantize(const Graph& graph,
                                          const ParameterStore& parameters,
                                          const QuantizeOptions& options);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_REWRITES_QUANTIZE_H_
