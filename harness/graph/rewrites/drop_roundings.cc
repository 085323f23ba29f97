#include "harness/graph/rewrites/drop_roundings.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "harness/core/status_macros.h"
#include "harness/graph/copier.h"
#include "harness/graph/rewrites/pattern.h"
#include "harness/graph/rewrites/prune_dead.h"

namespace assay {
namespace {

bool IsFloatFunction(absl::string_view op) {
  static const auto* functions = new absl::flat_hash_set<absl::string_view>{
      "attention_fused", "erf",     "exp",  "gelu",  "layer_norm",
      "log_softmax",     "matmul",  "rope", "rsqrt", "rms_norm",
      "sigmoid",         "softmax", "sqrt", "square"};
  return functions->contains(op);
}

class Dropper {
 public:
  Dropper(const Graph& graph, bool keep_products)
      : graph_(graph),
        keep_products_(keep_products),
        find_(graph),
        readers_(ConsumerIndex(graph)) {
    for (const Graph::Output& o : graph.outputs()) ends_.insert(o.value);
    for (const Graph::Update& u : graph.updates()) ends_.insert(u.value);
  }

  absl::StatusOr<Graph> Run() {
    CopyHooks hooks;
    hooks.node = [this](GraphCopier& copier, NodeId id) {
      return CopyNode(copier, graph_.node(id));
    };
    ASSAY_ASSIGN_OR_RETURN(const Graph copy, CopyGraph(graph_, hooks));
    return PruneDead(copy);
  }

 private:
  // Made by the dequantization of something that is not constant.
  bool IsQuantized(ValueId v) const {
    const Node* node = find_.Producer(v, "dequantize_linear");
    return node != nullptr && find_.Constant(node->inputs[0]) == nullptr;
  }

  bool ComputesInFloat(const Node& reader, ValueId v) const {
    if (keep_products_ && reader.op == "matmul") return false;
    if (IsFloatFunction(reader.op)) return true;
    if (reader.op != "add" && reader.op != "sub" && reader.op != "mul" &&
        reader.op != "div") {
      return false;
    }
    return std::none_of(
        reader.inputs.begin(), reader.inputs.end(),
        [&](ValueId other) { return other != v && IsQuantized(other); });
  }

  // Whether all readers of the dequantized value compute in floats.
  bool IsIdle(ValueId v) const {
    const std::vector<NodeId>& readers = readers_[static_cast<size_t>(v)];
    return !ends_.contains(v) &&
           std::all_of(readers.begin(), readers.end(), [&](NodeId id) {
             return ComputesInFloat(graph_.node(id), v);
           });
  }

  // In front of the pair whose dequantize_linear makes `v`; `v` where there is
  // none, or where it changes the type.
  ValueId InFront(ValueId v) const {
    const Node* dequantize = find_.Producer(v, "dequantize_linear");
    if (dequantize == nullptr) return v;
    const Node* quantize =
        find_.Producer(dequantize->inputs[0], "quantize_linear");
    return quantize == nullptr ||
                   graph_.type(quantize->inputs[0]) != graph_.type(v)
               ? v
               : quantize->inputs[0];
  }

  absl::StatusOr<bool> CopyNode(GraphCopier& copier, const Node& node) {
    if (node.op == "dequantize_linear" && IsIdle(node.outputs[0])) {
      const ValueId v = node.outputs[0], x = InFront(v);
      if (x == v) return false;
      copier.Set(v, copier.Map(x));
      return true;
    }
    return IsFloatSum(node) ? CopySum(copier, node)
                            : absl::StatusOr<bool>(false);
  }

  // An addition that no integer kernel takes, because what it gives is read by
  // norms alone.
  bool IsFloatSum(const Node& node) const {
    if (node.op != "add" || ends_.contains(node.outputs[0])) return false;
    const std::vector<NodeId>& readers =
        readers_[static_cast<size_t>(node.outputs[0])];
    return !readers.empty() &&
           std::all_of(readers.begin(), readers.end(), [&](NodeId id) {
             const std::string& op = graph_.node(id).op;
             return op == "layer_norm" || op == "rms_norm";
           });
  }

  // Such a sum reads its terms as they were before other readers' rounding.
  absl::StatusOr<bool> CopySum(GraphCopier& copier, const Node& node) {
    std::vector<ValueId> terms = copier.Map(node.inputs);
    bool changed = false;
    for (size_t i = 0; i < terms.size(); ++i) {
      const ValueId v = node.inputs[i], x = InFront(v);
      if (x == v || !ComputesInFloat(node, v)) continue;
      terms[i] = copier.Map(x);
      changed = true;
    }
    if (!changed) return false;
    const ValueId sum = node.outputs[0];
    copier.Set(sum, copier.b().Op("add", std::move(terms), node.attributes,
                                  graph_.value(sum).name));
    return true;
  }

  const Graph& graph_;
  bool keep_products_;
  Pattern find_;
  const std::vector<std::vector<NodeId>> readers_;
  absl::flat_hash_set<ValueId> ends_;
};

class Sinker {
 public:
  explicit Sinker(const Graph& graph) : graph_(graph), find_(graph) {}

  absl::StatusOr<Graph> Run() {
    CopyHooks hooks;
    hooks.node = [this](GraphCopier& copier, NodeId id) {
      return CopyNode(copier, graph_.node(id));
    };
    ASSAY_ASSIGN_OR_RETURN(const Graph copy, CopyGraph(graph_, hooks));
    return PruneDead(copy);
  }

 private:
  static bool Moves(const Node& node) {
    return node.op == "slice" || node.op == "reshape" ||
           node.op == "transpose" || node.op == "max_pool" ||
           (node.op == "pad" && node.attributes.Real("value", 0) == 0);
  }

  bool HasScalarGrid(const Node& node) const {
    const Tensor* scale = find_.Constant(node.inputs[1]);
    const Tensor* zero = find_.Constant(node.inputs[2]);
    return scale != nullptr && zero != nullptr && scale->size() == 1 &&
           zero->size() == 1 && scale->dtype() == DType::kF32;
  }

  // What a value on a grid is made of, in the copy.
  struct Integers {
    ValueId values, scale, zero;
    float step;
    int32_t zero_point;
    DType dtype;
  };

  const Integers* IntegersOf(ValueId v) const {
    const auto it = integers_.find(v);
    return it == integers_.end() ? nullptr : &it->second;
  }

  absl::StatusOr<bool> CopyNode(GraphCopier& copier, const Node& node) {
    if (Moves(node)) return Move(copier, node);
    if (node.op != "dequantize_linear" || !HasScalarGrid(node) ||
        find_.Constant(node.inputs[0]) != nullptr) {
      return false;
    }
    const ValueId result = node.outputs[0];
    const Node* quantize = find_.Producer(node.inputs[0], "quantize_linear");
    const Integers* first =
        quantize == nullptr ? nullptr : IntegersOf(quantize->inputs[0]);
    const Integers own = {copier.Map(node.inputs[0]),
                          copier.Map(node.inputs[1]),
                          copier.Map(node.inputs[2]),
                          *find_.Constant(node.inputs[1])->data<float>(),
                          *find_.Constant(node.inputs[2])->data<int32_t>(),
                          graph_.type(node.inputs[0]).dtype};
    if (first != nullptr &&
        (SameGrid(*first, own, *quantize) || IsMovedOrAdded(result))) {
      const Integers kept = *first;  // the map may grow
      integers_[result] = kept;
      copier.Set(result, copier.Map(quantize->inputs[0]));
      return true;
    }
    integers_[result] = own;
    return false;
  }

  // Whether `quantize` puts what lies on `first` where `own` reads it, both of
  // one grid.
  bool SameGrid(const Integers& first, const Integers& own,
                const Node& quantize) const {
    return HasScalarGrid(quantize) && first.dtype == own.dtype &&
           first.step == own.step && first.zero_point == own.zero_point &&
           *find_.Constant(quantize.inputs[1])->data<float>() == own.step &&
           *find_.Constant(quantize.inputs[2])->data<int32_t>() ==
               own.zero_point;
  }

  absl::StatusOr<bool> Move(GraphCopier& copier, const Node& node) {
    const Integers* from = IntegersOf(node.inputs[0]);
    if (from == nullptr) return false;
    Integers moved = *from;
    Attributes attributes = node.attributes;
    if (node.op == "pad") {
      attributes.Set("value", static_cast<double>(moved.zero_point));
    }
    moved.values =
        copier.b().Op(node.op, {moved.values}, std::move(attributes));
    const ValueId result = node.outputs[0];
    integers_[result] = moved;
    copier.Set(result, copier.b().Op("dequantize_linear",
                                     {moved.values, moved.scale, moved.zero},
                                     {}, graph_.value(result).name));
    return true;
  }

  bool IsMovedOrAdded(ValueId v) const {
    const std::vector<NodeId> readers = graph_.Consumers(v);
    return !readers.empty() &&
           std::all_of(readers.begin(), readers.end(), [&](NodeId id) {
             const Node& reader = graph_.node(id);
             return reader.op == "add" || Moves(reader);
           });
  }

  const Graph& graph_;
  Pattern find_;
  absl::flat_hash_map<ValueId, Integers> integers_;  // by original value
};

}  // namespace

absl::StatusOr<Graph> SinkDequantize(const Graph& graph) {
  return Sinker(graph).Run();
}

absl::StatusOr<Graph> DropRoundings(const Graph& graph, bool keep_products) {
  return Dropper(graph, keep_products).Run();
}

}  // namespace assay
