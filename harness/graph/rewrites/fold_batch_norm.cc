#include "harness/graph/rewrites/fold_batch_norm.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "harness/core/status_macros.h"
#include "harness/graph/copier.h"
#include "harness/graph/rewrites/prune_dead.h"

namespace assay {
namespace {

class Folder {
 public:
  Folder(const Graph& graph, const ParameterStore& parameters)
      : graph_(graph),
        parameters_(parameters),
        readers_(ConsumerIndex(graph)),
        ends_(static_cast<size_t>(graph.value_count())),
        norm_of_(static_cast<size_t>(graph.node_count()), kNoNode) {
    for (const Graph::Output& output : graph.outputs()) End(output.value);
    for (const Graph::Update& update : graph.updates()) {
      End(update.parameter);
      End(update.value);
    }
    for (NodeId id = 0; id < graph.node_count(); ++id) {
      const NodeId layer = LayerBefore(id);
      if (layer != kNoNode) norm_of_[static_cast<size_t>(layer)] = id;
    }
  }

  absl::StatusOr<FoldedNetwork> Run() {
    CopyHooks hooks;
    hooks.node = [this](GraphCopier& copier, NodeId id) {
      return FoldNode(copier, id);
    };
    ASSAY_ASSIGN_OR_RETURN(const Graph copy, CopyGraph(graph_, hooks));
    ASSAY_ASSIGN_OR_RETURN(Graph pruned, PruneDead(copy));
    FoldedNetwork network{std::move(pruned), parameters_};
    for (const ValueId id : graph_.parameters()) {
      const std::string& name = graph_.value(id).name;
      if (network.graph.FindValue(name) == kNoValue) {
        network.parameters.Erase(name);
      }
    }
    for (const auto& [name, tensor] : changed_.values()) {
      network.parameters.Set(name, tensor);
    }
    return network;
  }

 private:
  void End(ValueId id) { ends_[static_cast<size_t>(id)] = true; }

  // Read by one node and by no output or update.
  bool ReadOnce(ValueId id) const {
    return readers_[static_cast<size_t>(id)].size() == 1 &&
           !ends_[static_cast<size_t>(id)];
  }

  bool IsParameter(ValueId id) const {
    return graph_.value(id).kind == ValueKind::kParameter;
  }

  // The layer that node `id` folds into; kNoNode where it does not fold.
  NodeId LayerBefore(NodeId id) const {
    const Node& norm = graph_.node(id);
    if (norm.op != "batch_norm" || !ReadOnce(norm.inputs[0])) return kNoNode;
    if (!std::all_of(norm.inputs.begin() + 1, norm.inputs.end(),
                     [this](ValueId v) { return IsParameter(v); })) {
      return kNoNode;
    }
    const NodeId before = graph_.value(norm.inputs[0]).producer;
    if (before == kNoNode) return kNoNode;
    const Node& layer = graph_.node(before);
    const bool linear =
        layer.op == "linear" && graph_.shape(layer.outputs[0]).size() == 2;
    if (!linear && layer.op != "conv2d" && layer.op != "conv_transpose2d") {
      return kNoNode;
    }
    for (size_t i = 1; i < layer.inputs.size(); ++i) {
      const ValueId operand = layer.inputs[i];
      if (operand != kNoValue && !(IsParameter(operand) && ReadOnce(operand))) {
        return kNoNode;
      }
    }
    return before;
  }

  absl::StatusOr<bool> FoldNode(GraphCopier& copier, NodeId id) {
    const Node& node = graph_.node(id);
    // The norm itself: its result was set with its layer's.
    if (node.op == "batch_norm" && copier.Map(node.outputs[0]) != kNoValue) {
      return true;
    }
    const NodeId norm = norm_of_[static_cast<size_t>(id)];
    if (norm == kNoNode) return false;
    ASSAY_ASSIGN_OR_RETURN(const std::string bias_name, Fold(node, norm));
    GraphBuilder& b = copier.b();
    std::vector<ValueId> operands = copier.Map(node.inputs);
    operands.resize(3, kNoValue);
    if (operands[2] == kNoValue) {
      operands[2] = b.Parameter(bias_name, graph_.type(node.inputs[1]).dtype,
                                {graph_.shape(node.outputs[0])[1]});
    }
    const ValueId result = b.Op(node.op, std::move(operands), node.attributes,
                                graph_.value(node.outputs[0]).name);
    copier.Set(node.outputs[0], result);
    copier.Set(graph_.node(norm).outputs[0], result);
    return true;
  }

  // Computes folded weights and bias; the bias' name.
  absl::StatusOr<std::string> Fold(const Node& layer, NodeId norm_id) {
    const Node& norm = graph_.node(norm_id);
    std::vector<Tensor> statistics;  // scale, shift, mean, variance
    for (size_t i = 1; i < 5; ++i) {
      ASSAY_ASSIGN_OR_RETURN(Tensor tensor, Load(norm.inputs[i]));
      statistics.push_back(tensor.Cast(DType::kF64));
    }
    const double epsilon = norm.attributes.Real("epsilon", 1e-5);
    const Value& weights = graph_.value(layer.inputs[1]);
    ASSAY_ASSIGN_OR_RETURN(const Tensor stored, Load(layer.inputs[1]));
    Tensor folded = stored.Cast(DType::kF64);
    const int64_t channels = graph_.shape(layer.outputs[0])[1];
    Tensor bias = Tensor::Zeros(DType::kF64, {channels});
    std::string bias_name = NewBiasName(weights.name);
    if (layer.inputs.size() > 2 && layer.inputs[2] != kNoValue) {
      bias_name = graph_.value(layer.inputs[2]).name;
      ASSAY_ASSIGN_OR_RETURN(bias, Load(layer.inputs[2]));
      bias = bias.Cast(DType::kF64);
    }
    std::vector<double> factors;
    for (int64_t c = 0; c < channels; ++c) {
      const auto at = [&](size_t i) { return statistics[i].data<double>()[c]; };
      factors.push_back(at(0) / std::sqrt(at(3) + epsilon));
      double& b = bias.data<double>()[c];
      b = (b - at(2)) * factors.back() + at(1);
    }
    ScaleFilters(layer, factors, &folded);
    changed_.Set(weights.name, folded.Cast(weights.type.dtype));
    changed_.Set(bias_name, bias.Cast(weights.type.dtype));
    return bias_name;
  }

  // Multiplies what makes result channel c by factors[c]: a row of weights
  // [O,..], or of a transposed convolution's [I,O/groups,kh,kw] the kernels
  // that the inputs of c's group have for it.
  static void ScaleFilters(const Node& layer,
                           const std::vector<double>& factors,
                           Tensor* weights) {
    const bool transposed = layer.op == "conv_transpose2d";
    const int64_t outputs = transposed ? weights->dim(1) : 1;
    const int64_t rows = weights->dim(0) * outputs;
    const int64_t width = weights->size() / rows;
    const int64_t inputs =
        transposed ? weights->dim(0) / layer.attributes.Int("groups", 1) : 1;
    for (int64_t row = 0; row < rows; ++row) {
      const int64_t group = row / outputs / inputs;
      const int64_t channel = group * outputs + row % outputs;
      double* from = weights->data<double>() + row * width;
      for (int64_t k = 0; k < width; ++k) {
        from[k] *= factors[static_cast<size_t>(channel)];
      }
    }
  }

  // "conv1.bias" for "conv1.weights"; a free name.
  std::string NewBiasName(absl::string_view weights) const {
    std::string name =
        absl::StrCat(absl::StripSuffix(weights, ".weights"), ".bias");
    while (graph_.FindValue(name) != kNoValue || parameters_.Has(name)) {
      name += "_folded";
    }
    return name;
  }

  absl::StatusOr<Tensor> Load(ValueId id) const {
    const Value& value = graph_.value(id);
    ASSAY_ASSIGN_OR_RETURN(Tensor tensor, parameters_.Get(value.name));
    if (tensor.shape() != value.type.shape) {
      return absl::InvalidArgumentError(
          absl::StrCat("parameter '", value.name, "': expected ",
                       ToString(value.type), ", got ", tensor.TypeString()));
    }
    return tensor;
  }

  const Graph& graph_;
  const ParameterStore& parameters_;
  const std::vector<std::vector<NodeId>> readers_;
  std::vector<bool> ends_;       // by value: read by an output or update
  std::vector<NodeId> norm_of_;  // by node: the batch_norm that folds into it
  ParameterStore changed_;
};

}  // namespace

absl::StatusOr<FoldedNetwork> FoldBatchNorm(const Graph& graph,
                                            const ParameterStore& parameters) {
  return Folder(graph, parameters).Run();
}

}  // namespace assay
