// Which layers of a network become integer, and which activations they read.
#ifndef ASSAY_PLUGINS_QUANTIZATION_NETWORK_EDGES_H_
#define ASSAY_PLUGINS_QUANTIZATION_NETWORK_EDGES_H_

#include <string>
#include <vector>

#include "harness/abi/sdk.h"

namespace assay::quantization {

struct Layer {
  sdk::ValueId source = sdk::kNoValue;
  sdk::ValueId weights = sdk::kNoValue;
  std::string weights_name, bias_name;  // bias_name empty: none
  std::string result_name;              // the layer's output in f32
  int64_t channels = 0;                 // axis 0 of the weights
  int channel_axis = 1;                 // of the result: conv 1, linear last
};

// Convolutions and linear layers in graph order whose weights are parameters
// that nothing else reads (a tied embedding stays in float).
std::vector<Layer> FindLayers(sdk::GraphRef graph);

// Weights of linear layers, each once: parameters that linear layers alone
// read, or linear layers and an embedding.
std::vector<sdk::ValueId> LinearWeights(sdk::GraphRef graph);

// Activations to observe, each once: the layers' sources and both operands of
// additions of two activations; with `products`, those of matmul too, so that
// the products of attention are quantized.
std::vector<sdk::ValueId> ObservedValues(sdk::GraphRef graph,
                                         const std::vector<Layer>& layers,
                                         bool products);

}  // namespace assay::quantization

#endif  // ASSAY_PLUGINS_QUANTIZATION_NETWORK_EDGES_H_
