#include "plugins/quantization/network_edges.h"

#include <algorithm>
#include <utility>

namespace assay::quantization {
namespace {

bool IsLayer(const sdk::Node& node) {
  return node.op == "conv2d" || node.op == "linear";
}

bool OnlyLayersRead(sdk::GraphRef graph, sdk::ValueId weights) {
  for (const sdk::NodeId id : graph.Consumers(weights)) {
    if (!IsLayer(graph.node(id))) return false;
  }
  return true;
}

bool IsActivation(const sdk::Value& value) {
  return value.kind == sdk::ValueKind::kInput ||
         value.kind == sdk::ValueKind::kResult;
}

}  // namespace

std::vector<Layer> FindLayers(sdk::GraphRef graph) {
  std::vector<Layer> layers;
  for (sdk::NodeId id = 0; id < graph.node_count(); ++id) {
    const sdk::Node node = graph.node(id);
    if (!IsLayer(node)) continue;
    const sdk::Value weights = graph.value(node.inputs[1]);
    if (weights.kind != sdk::ValueKind::kParameter ||
        !OnlyLayersRead(graph, node.inputs[1])) {
      continue;
    }
    Layer layer;
    layer.source = node.inputs[0];
    layer.weights = node.inputs[1];
    layer.weights_name = weights.name;
    layer.channels = weights.shape[0];
    const sdk::Value result = graph.value(node.outputs[0]);
    layer.result_name = result.name;
    layer.channel_axis =
        node.op == "conv2d" ? 1 : static_cast<int>(result.shape.size()) - 1;
    if (node.inputs.size() > 2 && node.inputs[2] != sdk::kNoValue) {
      const sdk::Value bias = graph.value(node.inputs[2]);
      if (bias.kind == sdk::ValueKind::kParameter) layer.bias_name = bias.name;
    }
    layers.push_back(std::move(layer));
  }
  return layers;
}

std::vector<sdk::ValueId> LinearWeights(sdk::GraphRef graph) {
  std::vector<sdk::ValueId> found;
  for (sdk::ValueId v = 0; v < graph.value_count(); ++v) {
    const sdk::Value value = graph.value(v);
    if (value.kind != sdk::ValueKind::kParameter || value.shape.size() != 2) {
      continue;
    }
    bool linear = false, others = false;
    for (const sdk::NodeId id : graph.Consumers(v)) {
      const sdk::Node node = graph.node(id);
      const bool weights = node.inputs.size() > 1 && node.inputs[1] == v;
      linear = linear || (node.op == "linear" && weights);
      others = others || !(node.op == "linear" ? weights : node.op == "gather");
    }
    if (linear && !others) found.push_back(v);
  }
  return found;
}

std::vector<sdk::ValueId> ObservedValues(sdk::GraphRef graph,
                                         const std::vector<Layer>& layers,
                                         bool products) {
  std::vector<sdk::ValueId> values;
  for (const Layer& layer : layers) values.push_back(layer.source);
  for (sdk::NodeId id = 0; id < graph.node_count(); ++id) {
    const sdk::Node node = graph.node(id);
    const bool product = products && node.op == "matmul";
    if (node.op != "add" && !product) continue;
    const sdk::Value a = graph.value(node.inputs[0]);
    const sdk::Value b = graph.value(node.inputs[1]);
    if (IsActivation(a) && IsActivation(b) && (product || a.shape == b.shape)) {
      values.insert(values.end(), node.inputs.begin(), node.inputs.end());
    }
  }
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

}  // namespace assay::quantization
