// Random networks for property tests and fuzzing: whatever holds for every
// graph is tried on a thousand of these.
#ifndef ASSAY_HARNESS_GRAPH_TESTING_RANDOM_GRAPH_H_
#define ASSAY_HARNESS_GRAPH_TESTING_RANDOM_GRAPH_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "harness/core/dtype.h"
#include "harness/core/tensor.h"
#include "harness/graph/graph.h"
#include "harness/graph/testing/network_builder.h"

namespace assay {

struct RandomNetwork {
  std::unique_ptr<NetworkBuilder> builder;  // graph and parameters
  std::map<std::string, Tensor> feeds;

  const Graph& graph() const { return builder->graph(); }
  const ParameterStore& store() const { return builder->store(); }
};

// A network in inference form with the output "logits", a function of `seed`
// alone. It is one of
//   images   a stem and up to four blocks (residual, inverted residual with
//            depthwise convolutions, grouped with a channel shuffle, parallel
//            branches joined by concat, a dense block, a split into gate and
//            value, squeeze and excitation, pooling, transposed convolutions),
//            then global pooling or flattening, up to one hidden layer, and a
//            classifier;
//   tokens   an embedding, perhaps with positions, up to three blocks of
//            attention (grouped queries, rotary positions, causal masks) and
//            feed-forward layers (plain or gated) with layer or rms norms, and
//            a head over the mean or over every position, which may be the
//            embedding itself;
//   patches  images cut into tokens by a strided convolution, then as tokens.
// Kernels, strides, dilations, one-sided pads, biases, norms and activations
// are drawn too. Extents are small: at most 12 x 12 pixels, 8 tokens, 12
// channels before expansion, batch 2; at most about 100 nodes.
RandomNetwork MakeRandomNetwork(uint64_t seed, DType dtype = DType::kF64);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_TESTING_RANDOM_GRAPH_H_
