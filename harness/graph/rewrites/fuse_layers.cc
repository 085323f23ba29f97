#include "harness/graph/rewrites/fuse_layers.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/core/status_macros.h"
#include "harness/graph/copier.h"
#include "harness/graph/rewrites/prune_dead.h"

namespace assay {
namespace {

// A quantization grid that is known now.
struct Grid {
  ValueId integers = kNoValue;  // what is quantized
  std::vector<double> scales;   // one, or one per channel
  int64_t zero_point = 0;
};

// What one fused node replaces.
struct Chain {
  NodeId layer = kNoNode;
  std::vector<NodeId> inner;  // absorbed nodes before the last
  NodeId last = kNoNode;
  ValueId residual = kNoValue;
  std::optional<Grid> src, weights, residual_grid;
  std::optional<Grid> dst;   // where the last node is a quantize_linear
  NodeId columns = kNoNode;  // the last node, where its grids are by column
  std::string activation = "none";
};

class Fuser {
 public:
  Fuser(const Graph& graph, bool integers, bool sums)
      : graph_(graph),
        integers_(integers),
        sums_(sums),
        readers_(ConsumerIndex(graph)),
        ends_(static_cast<size_t>(graph.value_count()), false),
        chain_ending_(static_cast<size_t>(graph.node_count()), -1),
        absorbed_(static_cast<size_t>(graph.node_count()), false) {
    for (const Graph::Output& o : graph.outputs()) End(o.value);
    for (const Graph::Update& u : graph.updates()) End(u.value);
    for (NodeId id = 0; id < graph.node_count(); ++id) AddChain(id);
  }

  absl::StatusOr<Graph> Run() {
    CopyHooks hooks;
    hooks.node = [this](GraphCopier& copier, NodeId id) {
      return CopyNode(copier, id);
    };
    ASSAY_ASSIGN_OR_RETURN(const Graph copy, CopyGraph(graph_, hooks));
    return PruneDead(copy);
  }

 private:
  const Node& node(NodeId id) const { return graph_.node(id); }
  void End(ValueId v) { ends_[static_cast<size_t>(v)] = true; }
  bool IsAbsorbed(NodeId id) const {
    return absorbed_[static_cast<size_t>(id)];
  }

  // The node that alone reads `v`, if it is free to be absorbed.
  NodeId OnlyReader(ValueId v) const {
    const std::vector<NodeId>& readers = readers_[static_cast<size_t>(v)];
    if (ends_[static_cast<size_t>(v)] || readers.size() != 1 ||
        IsAbsorbed(readers[0])) {
      return kNoNode;
    }
    return readers[0];
  }

  const Tensor* ConstantOf(ValueId v) const {
    const Value& value = graph_.value(v);
    return value.kind == ValueKind::kConstant ? &value.constant : nullptr;
  }

  // The grid of a quantize_linear or dequantize_linear node; nothing where it
  // is not constant.
  std::optional<Grid> GridOf(const Node& n) const {
    const Tensor* scale = ConstantOf(n.inputs[1]);
    const Tensor* zero = ConstantOf(n.inputs[2]);
    if (scale == nullptr || zero == nullptr) return std::nullopt;
    Grid grid;
    grid.integers = n.inputs[0];
    const Tensor wide = scale->Cast(DType::kF64);
    grid.scales.assign(wide.data<double>(), wide.data<double>() + wide.size());
    const int32_t* zeros = zero->data<int32_t>();
    if (std::any_of(zeros, zeros + zero->size(),
                    [&](int32_t z) { return z != zeros[0]; })) {
      return std::nullopt;
    }
    grid.zero_point = zeros[0];
    return grid;
  }

  // The grid behind a value that a dequantize_linear made from 8-bit integers.
  std::optional<Grid> Dequantized(ValueId v) const {
    const NodeId producer = graph_.value(v).producer;
    if (producer == kNoNode || node(producer).op != "dequantize_linear") {
      return std::nullopt;
    }
    const DType dtype = graph_.type(node(producer).inputs[0]).dtype;
    if (dtype != DType::kU8 && dtype != DType::kS8) return std::nullopt;
    return GridOf(node(producer));
  }

  std::optional<Grid> PerTensor(std::optional<Grid> grid) const {
    if (grid.has_value() && grid->scales.size() != 1) return std::nullopt;
    return grid;
  }

  // The symmetric s8 constant behind a layer's weights.
  std::optional<Grid> WeightsGrid(const Node& layer) const {
    const ValueId weights = layer.inputs[1];
    std::optional<Grid> grid = Dequantized(weights);
    if (!grid.has_value() || ConstantOf(grid->integers) == nullptr ||
        graph_.type(grid->integers).dtype != DType::kS8 ||
        grid->zero_point != 0) {
      return std::nullopt;
    }
    const Node& dequantize = node(graph_.value(weights).producer);
    const bool per_output = dequantize.attributes.Int("axis", 0) == 0;
    if (grid->scales.size() > 1 && !per_output) return std::nullopt;
    return grid;
  }

  static std::string ActivationOf(const Node& n) {
    if (n.op == "relu" || n.op == "relu6" || n.op == "hardswish" ||
        n.op == "silu" || n.op == "tanh") {
      return n.op;
    }
    if (n.op == "gelu" && n.attributes.Text("approximate", "none") == "none") {
      return n.op;
    }
    if (n.op == "clip" && n.attributes.Real("low", -1) == 0 &&
        n.attributes.Real("high", 0) == 6) {
      return "relu6";
    }
    return "none";
  }

  void AddChain(NodeId id) {
    const Node& layer = node(id);
    if ((layer.op != "conv2d" && layer.op != "linear") || IsAbsorbed(id)) {
      return;
    }
    Chain chain;
    chain.layer = chain.last = id;
    if (integers_) {
      chain.src = PerTensor(Dequantized(layer.inputs[0]));
      chain.weights = WeightsGrid(layer);
      if (!chain.src.has_value() || !chain.weights.has_value()) return;
    }
    ExtendBySum(&chain);
    ExtendByActivation(&chain);
    if (integers_) ExtendByQuantize(&chain);
    if (!integers_ && chain.last == chain.layer) return;
    for (const NodeId inner : chain.inner) {
      absorbed_[static_cast<size_t>(inner)] = true;
    }
    absorbed_[static_cast<size_t>(chain.last)] = true;
    chain_ending_[static_cast<size_t>(chain.last)] =
        static_cast<int>(chains_.size());
    chains_.push_back(std::move(chain));
  }

  ValueId ResultOf(const Chain& chain) const {
    return node(chain.last).outputs[0];
  }

  static void Absorb(Chain* chain, NodeId next) {
    chain->inner.push_back(chain->last);
    chain->last = next;
  }

  // An addition that alone reads `v`, of two different tensors of one type.
  NodeId SumAfter(ValueId v) const {
    const NodeId next = OnlyReader(v);
    if (next == kNoNode || node(next).op != "add") return kNoNode;
    const std::vector<ValueId>& terms = node(next).inputs;
    const ValueId other = terms[0] == v ? terms[1] : terms[0];
    const bool alike = other != v && graph_.type(other) == graph_.type(v) &&
                       graph_.type(node(next).outputs[0]) == graph_.type(v) &&
                       ConstantOf(other) == nullptr;
    return alike ? next : kNoNode;
  }

  void ExtendBySum(Chain* chain) {
    ValueId v = ResultOf(*chain);
    NodeId sum = SumAfter(v);
    std::vector<NodeId> between;
    if (sum == kNoNode && integers_ && sums_) {
      // Q and DQ in between, read by the addition alone.
      const NodeId quantize = OnlyReader(v);
      if (quantize == kNoNode || node(quantize).op != "quantize_linear") return;
      const NodeId dequantize = OnlyReader(node(quantize).outputs[0]);
      if (dequantize == kNoNode || node(dequantize).op != "dequantize_linear") {
        return;
      }
      v = node(dequantize).outputs[0];
      sum = SumAfter(v);
      between = {quantize, dequantize};
    }
    if (sum == kNoNode) return;
    for (const NodeId id : between) Absorb(chain, id);
    Absorb(chain, sum);
    const std::vector<ValueId>& terms = node(sum).inputs;
    chain->residual = terms[0] == v ? terms[1] : terms[0];
    if (integers_) {
      chain->residual_grid = PerTensor(Dequantized(chain->residual));
    }
  }

  void ExtendByActivation(Chain* chain) {
    const NodeId next = OnlyReader(ResultOf(*chain));
    if (next == kNoNode) return;
    const std::string activation = ActivationOf(node(next));
    if (activation == "none") return;
    chain->activation = activation;
    Absorb(chain, next);
  }

  void ExtendByQuantize(Chain* chain) {
    const NodeId next = OnlyReader(ResultOf(*chain));
    if (next != kNoNode && node(next).op == "quantize_linear") {
      chain->dst = PerTensor(GridOf(node(next)));
      if (!chain->dst.has_value() && IsByColumn(*chain, next)) {
        chain->columns = next;
      }
      if (chain->dst.has_value() || chain->columns != kNoNode) {
        Absorb(chain, next);
      }
    }
    // A byte residual needs a byte result of its type.
    if (chain->residual_grid.has_value() &&
        (!chain->dst.has_value() ||
         graph_.type(ResultOf(*chain)).dtype !=
             graph_.type(chain->residual_grid->integers).dtype)) {
      chain->residual_grid.reset();
    }
  }

  // A linear layer with nothing behind it, a bias that is known, and a
  // known grid for each of its columns.
  bool IsByColumn(const Chain& chain, NodeId quantize) const {
    const Node& layer = node(chain.layer);
    if (layer.op != "linear" || chain.last != chain.layer) return false;
    if (layer.inputs.size() > 2 && layer.inputs[2] != kNoValue &&
        (ConstantOf(layer.inputs[2]) == nullptr ||
         graph_.type(layer.inputs[2]).dtype != DType::kF32)) {
      return false;
    }
    const Node& n = node(quantize);
    const Tensor* scale = ConstantOf(n.inputs[1]);
    const int64_t rank = static_cast<int64_t>(graph_.shape(n.inputs[0]).size());
    const int64_t axis = n.attributes.Int("axis", 0);
    return scale != nullptr && scale->rank() == 1 &&
           scale->dtype() == DType::kF32 &&
           ConstantOf(n.inputs[2]) != nullptr &&
           (axis == -1 || axis == rank - 1);
  }

  // Grids by column on a grid of step 1: what they divide by joins the scales
  // of weights and bias, and zero points join the bias.
  void SetColumns(const Chain& chain, GraphCopier& copier,
                  std::vector<ValueId>* operands,
                  Attributes* attributes) const {
    const Node& quantize = node(chain.columns);
    const Node& layer = node(chain.layer);
    const Tensor& steps = *ConstantOf(quantize.inputs[1]);
    const Tensor& zeros = *ConstantOf(quantize.inputs[2]);
    const Tensor* bias = layer.inputs.size() > 2 && layer.inputs[2] != kNoValue
                             ? ConstantOf(layer.inputs[2])
                             : nullptr;
    std::vector<double> scales;
    Tensor shifts(DType::kF32, {steps.size()});
    for (int64_t o = 0; o < steps.size(); ++o) {
      const std::vector<double>& weights = chain.weights->scales;
      const double step = static_cast<double>(steps.data<float>()[o]);
      scales.push_back(
          weights[weights.size() == 1 ? 0 : static_cast<size_t>(o)] / step);
      const double at_zero =
          bias == nullptr ? 0 : static_cast<double>(bias->data<float>()[o]);
      shifts.data<float>()[o] =
          static_cast<float>(at_zero / step + zeros.data<int32_t>()[o]);
    }
    operands->resize(std::max<size_t>(operands->size(), 3), kNoValue);
    (*operands)[2] = copier.b().Constant(std::move(shifts));
    attributes->Set("weights_scales", std::move(scales));
  }

  absl::StatusOr<bool> CopyNode(GraphCopier& copier, NodeId id) {
    const int index = chain_ending_[static_cast<size_t>(id)];
    // Inner nodes wait for the last one.
    if (index < 0) return IsAbsorbed(id);
    const Chain& chain = chains_[static_cast<size_t>(index)];
    const Node& layer = node(chain.layer);
    std::vector<ValueId> operands = copier.Map(layer.inputs);
    operands.resize(chain.residual == kNoValue ? operands.size() : 4, kNoValue);
    Attributes attributes = layer.attributes;
    attributes.Set("activation", chain.activation);
    if (chain.residual != kNoValue) {
      operands[3] = copier.Map(chain.residual_grid.has_value()
                                   ? chain.residual_grid->integers
                                   : chain.residual);
    }
    const ValueId result = ResultOf(chain);
    attributes.Set("dst_dtype", std::string(Name(graph_.type(result).dtype)));
    if (integers_) SetGrids(chain, copier, &operands, &attributes);
    if (chain.columns != kNoNode) {
      SetColumns(chain, copier, &operands, &attributes);
    }
    copier.Set(result,
               copier.b().Op(layer.op + "_fused", std::move(operands),
                             std::move(attributes), graph_.value(result).name));
    return true;
  }

  static void SetGrids(const Chain& chain, GraphCopier& copier,
                       std::vector<ValueId>* operands, Attributes* attributes) {
    (*operands)[0] = copier.Map(chain.src->integers);
    (*operands)[1] = copier.Map(chain.weights->integers);
    attributes->Set("src_scale", chain.src->scales[0]);
    attributes->Set("src_zero_point", chain.src->zero_point);
    attributes->Set("weights_scales", chain.weights->scales);
    if (chain.dst.has_value()) {
      attributes->Set("dst_scale", chain.dst->scales[0]);
      attributes->Set("dst_zero_point", chain.dst->zero_point);
    }
    if (chain.residual_grid.has_value()) {
      attributes->Set("residual_scale", chain.residual_grid->scales[0]);
      attributes->Set("residual_zero_point", chain.residual_grid->zero_point);
    }
  }

  const Graph& graph_;
  bool integers_, sums_;
  const std::vector<std::vector<NodeId>> readers_;
  std::vector<bool> ends_;  // by value
  std::vector<Chain> chains_;
  std::vector<int> chain_ending_;  // by node; -1: none
  std::vector<bool> absorbed_;     // by node
};

}  // namespace

absl::StatusOr<Graph> FuseIntegerLayers(const Graph& graph, bool sums) {
  return Fuser(graph, true, sums).Run();
}

absl::StatusOr<Graph> FuseFloatLayers(const Graph& graph) {
  return Fuser(graph, false, false).Run();
}

}  // namespace assay
