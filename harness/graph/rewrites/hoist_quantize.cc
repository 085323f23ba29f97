#include "harness/graph/rewrites/hoist_quantize.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "harness/core/status_macros.h"
#include "harness/graph/copier.h"
#include "harness/graph/rewrites/prune_dead.h"

namespace assay {
namespace {

// What one quantize_linear becomes.
struct Hoist {
  NodeId source = kNoNode;     // the quantize_linear of x
  std::vector<NodeId> movers;  // from x on
};

class Hoister {
 public:
  explicit Hoister(const Graph& graph)
      : graph_(graph),
        readers_(ConsumerIndex(graph)),
        ends_(static_cast<size_t>(graph.value_count()), false) {
    for (const Graph::Output& o : graph.outputs()) End(o.value);
    for (const Graph::Update& u : graph.updates()) End(u.value);
    for (NodeId id = 0; id < graph.node_count(); ++id) FindHoist(id);
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
  const std::vector<NodeId>& readers(ValueId v) const {
    return readers_[static_cast<size_t>(v)];
  }

  bool HasScalarGrid(NodeId id) const {
    const Node& n = node(id);
    return std::all_of(n.inputs.begin() + 1, n.inputs.end(), [&](ValueId v) {
      const Value& value = graph_.value(v);
      return value.kind == ValueKind::kConstant && value.constant.size() == 1;
    });
  }

  // A node that moves elements and alone reads its operand's last stage.
  bool Moves(NodeId id) const {
    return id != kNoNode && (node(id).op == "slice" ||
                             (node(id).op == "pad" &&
                              node(id).attributes.Real("value", 0) == 0));
  }

  void FindHoist(NodeId id) {
    if (node(id).op != "quantize_linear" || !HasScalarGrid(id)) return;
    const ValueId result = node(id).outputs[0];
    for (const NodeId reader : readers(result)) {
      if (node(reader).op != "dequantize_linear") return;
    }
    Hoist hoist;
    ValueId v = node(id).inputs[0];
    while (Moves(graph_.value(v).producer) && readers(v).size() == 1 &&
           !ends_[static_cast<size_t>(v)]) {
      hoist.movers.push_back(graph_.value(v).producer);
      v = node(hoist.movers.back()).inputs[0];
    }
    if (hoist.movers.empty() || ends_[static_cast<size_t>(result)]) return;
    std::reverse(hoist.movers.begin(), hoist.movers.end());
    for (const NodeId reader : readers(v)) {
      if (reader < id && node(reader).op == "quantize_linear" &&
          HasScalarGrid(reader) &&
          graph_.type(node(reader).outputs[0]).dtype ==
              graph_.type(result).dtype) {
        hoist.source = reader;
        hoists_[id] = std::move(hoist);
        return;
      }
    }
  }

  // The hoist of the quantize_linear that made `v`, if any.
  const Hoist* HoistOf(ValueId v) const {
    const auto it = hoists_.find(graph_.value(v).producer);
    return it == hoists_.end() ? nullptr : &it->second;
  }

  absl::StatusOr<bool> CopyNode(GraphCopier& copier, NodeId id) {
    const Node& n = node(id);
    if (n.op == "dequantize_linear") {
      const Hoist* hoist = HoistOf(n.inputs[0]);
      if (hoist == nullptr) return false;
      const Node& source = node(hoist->source);
      copier.Set(
          n.outputs[0],
          copier.b().Op("dequantize_linear",
                        {copier.Map(n.inputs[0]), copier.Map(source.inputs[1]),
                         copier.Map(source.inputs[2])},
                        {}, graph_.value(n.outputs[0]).name));
      return true;
    }
    const auto it = hoists_.find(id);
    if (it == hoists_.end()) return false;
    const Node& source = node(it->second.source);
    const double zero_point = static_cast<double>(
        *graph_.value(source.inputs[2]).constant.data<int32_t>());
    ValueId v = copier.Map(source.outputs[0]);
    for (const NodeId mover : it->second.movers) {
      Attributes attributes = node(mover).attributes;
      if (node(mover).op == "pad") attributes.Set("value", zero_point);
      v = copier.b().Op(node(mover).op, {v}, std::move(attributes));
    }
    copier.Set(n.outputs[0], v);
    return true;
  }

  const Graph& graph_;
  const std::vector<std::vector<NodeId>> readers_;
  std::vector<bool> ends_;
  absl::flat_hash_map<NodeId, Hoist> hoists_;
};

}  // namespace

absl::StatusOr<Graph> HoistQuantize(const Graph& graph) {
  return Hoister(graph).Run();
}

}  // namespace assay
