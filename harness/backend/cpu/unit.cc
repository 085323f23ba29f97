#include "harness/backend/cpu/unit.h"

#include <algorithm>
#include <queue>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "harness/backend/cpu/cpu_features.h"

namespace assay::cpu {
namespace {

// A group of element by element nodes stays small enough for its registers.
constexpr size_t kMaxNodes = 16;

// Our kernel for sums of outer products (ops/matmul/cpu/outer_rows.h) is ahead
// of a product and a sum from so many rows on, on results at least as high as
// wide: oneDNN would transpose the larger side.
constexpr int64_t kFewestOuterRows = 512;
constexpr int64_t kOuterHeight = 8, kOuterWidth = 16;

class Planner {
 public:
  Planner(const Graph& graph, KernelFinder find)
      : graph_(graph),
        find_(find),
        unit_of_(static_cast<size_t>(graph.node_count())),
        readers_(static_cast<size_t>(graph.value_count())),
        kept_(static_cast<size_t>(graph.value_count()), false) {
    for (NodeId id = 0; id < graph.node_count(); ++id) {
      unit_of_[static_cast<size_t>(id)] = id;
      units_.push_back({id, {id}});
      for (const ValueId v : graph.node(id).inputs) {
        if (v == kNoValue) continue;
        std::vector<NodeId>& readers = readers_[static_cast<size_t>(v)];
        if (readers.empty() || readers.back() != id) readers.push_back(id);
      }
    }
    for (const Graph::Output& o : graph.outputs()) Keep(o.value);
    for (const Graph::Update& u : graph.updates()) Keep(u.value);
  }

  std::vector<Unit> Plan() {
    for (NodeId id = 0; id < graph_.node_count(); ++id) {
      if (graph_.node(id).op == "batch_norm_training") ExtendForward(id);
      if (graph_.node(id).op == "batch_norm_backward") ExtendBackward(id);
      if (MultipliesRows(id)) ExtendByRowSum(id);
      if (StoresRounded(id)) ExtendByRounding(id);
    }
    for (NodeId id = 0; id < graph_.node_count(); ++id) JoinReader(id);
    return Order();
  }

 private:
  const std::string& op(NodeId id) const { return graph_.node(id).op; }
  const std::vector<NodeId>& readers(ValueId v) const {
    return readers_[static_cast<size_t>(v)];
  }
  size_t unit(NodeId id) const {
    return static_cast<size_t>(unit_of_[static_cast<size_t>(id)]);
  }
  void Keep(ValueId v) { kept_[static_cast<size_t>(v)] = true; }
  bool Alone(NodeId id) const { return units_[unit(id)].nodes.size() == 1; }

  // The node that alone reads `v`, which nothing else needs; else kNoNode.
  NodeId OnlyReader(ValueId v) const {
    if (kept_[static_cast<size_t>(v)] || readers(v).size() != 1) {
      return kNoNode;
    }
    return readers(v)[0];
  }

  bool SameTypes(NodeId id) const {
    const Node& node = graph_.node(id);
    return std::all_of(node.inputs.begin(), node.inputs.end(), [&](ValueId v) {
      return v != kNoValue && graph_.type(v) == graph_.type(node.outputs[0]);
    });
  }

  // Whether a path leads from unit `from` to unit `to` through a third one.
  bool ReachesIndirectly(size_t from, size_t to) const {
    std::vector<bool> seen(units_.size(), false);
    std::vector<size_t> open;
    auto expand = [&](size_t u) {
      for (const NodeId id : units_[u].nodes) {
        for (const ValueId v : graph_.node(id).outputs) {
          for (const NodeId reader : readers(v)) {
            const size_t next = unit(reader);
            if (next == from || (u == from && next == to) || seen[next]) {
              continue;
            }
            seen[next] = true;
            open.push_back(next);
          }
        }
      }
    };
    expand(from);
    while (!open.empty()) {
      const size_t u = open.back();
      open.pop_back();
      if (u == to) return true;
      expand(u);
    }
    return false;
  }

  // Merges unless that would close a cycle.
  bool MergeSafely(NodeId from, NodeId into) {
    const size_t a = unit(from), b = unit(into);
    if (ReachesIndirectly(a, b) || ReachesIndirectly(b, a)) return false;
    Merge(from, into);
    return true;
  }

  // Moves the nodes of `from`'s unit into that of `into`.
  void Merge(NodeId from, NodeId into) {
    const size_t a = unit(from), b = unit(into);
    for (const NodeId id : units_[a].nodes) {
      unit_of_[static_cast<size_t>(id)] = static_cast<NodeId>(b);
      units_[b].nodes.push_back(id);
    }
    units_[a].nodes.clear();
    std::sort(units_[b].nodes.begin(), units_[b].nodes.end());
  }

  // batch_norm_training [+ add] [+ relu].
  void ExtendForward(NodeId norm) {
    NodeId next = OnlyReader(graph_.node(norm).outputs[0]);
    if (next != kNoNode && op(next) == "add" && Alone(next) &&
        SameTypes(next) &&
        graph_.node(next).inputs[0] != graph_.node(next).inputs[1]) {
      if (!MergeSafely(next, norm)) return;
      next = OnlyReader(graph_.node(next).outputs[0]);
    }
    if (next != kNoNode && op(next) == "relu" && Alone(next)) {
      MergeSafely(next, norm);
    }
  }

  // [add +] relu_backward + batch_norm_backward.
  void ExtendBackward(NodeId norm) {
    const NodeId relu = graph_.value(graph_.node(norm).inputs[1]).producer;
    if (relu == kNoNode || op(relu) != "relu_backward" || !Alone(relu) ||
        !SameTypes(relu) || !MergeSafely(relu, norm)) {
      return;
    }
    const NodeId add = graph_.value(graph_.node(relu).inputs[0]).producer;
    if (add != kNoNode && op(add) == "add" && Alone(add) && SameTypes(add) &&
        OnlyReader(graph_.node(add).outputs[0]) == relu) {
      MergeSafely(add, norm);
    }
  }

  // Sums outer products of rows of f32, many and of a suitable size.
  bool MultipliesRows(NodeId id) const {
    if (op(id) != "matmul" || !HasWideVectors()) return false;
    const Node& node = graph_.node(id);
    const TensorType& left = graph_.type(node.inputs[0]);
    const Shape& right = graph_.shape(node.inputs[1]);
    return left.dtype == DType::kF32 && left.shape.size() == 2 &&
           right.size() == 2 && node.attributes.Int("transpose_a", 0) != 0 &&
           node.attributes.Int("transpose_b", 0) == 0 &&
           left.shape[0] >= kFewestOuterRows && left.shape[1] >= right[1] &&
           left.shape[1] % kOuterHeight == 0 && right[1] % kOuterWidth == 0;
  }

  // matmul(transpose_a) + reduce_sum of the same left side: the gradients of a
  // linear layer's weights and bias.
  void ExtendByRowSum(NodeId matmul) {
    for (const NodeId sum : readers(graph_.node(matmul).inputs[0])) {
      if (op(sum) == "reduce_sum" && Alone(sum) &&
          graph_.node(sum).attributes.Ints("axes", {}) ==
              std::vector<int64_t>{0}) {
        MergeSafely(sum, matmul);
        return;
      }
    }
  }

  static bool IsByte(DType dtype) {
    return dtype == DType::kU8 || dtype == DType::kS8;
  }

  bool IsRowNorm(NodeId id) const {
    return op(id) == "layer_norm" || op(id) == "rms_norm";
  }

  // Multiplies bytes and gives a float.
  bool IsIntegerLayer(NodeId id) const {
    const Node& node = graph_.node(id);
    return op(id) == "linear_fused" &&
           IsByte(graph_.type(node.inputs[0]).dtype) && node.inputs.size() < 4;
  }

  // Kernels that can store their result rounded (rounding.h).
  bool StoresRounded(NodeId id) const {
    return IsRowNorm(id) || op(id) == "attention_fused" || IsIntegerLayer(id);
  }

  bool CastsTo(NodeId id, DType dtype) const {
    return op(id) == "cast" &&
           graph_.type(graph_.node(id).outputs[0]).dtype == dtype;
  }

  // On a grid that is known now and the same for all elements.
  bool QuantizesWhole(NodeId id) const {
    if (op(id) != "quantize_linear") return false;
    const std::vector<ValueId>& operands = graph_.node(id).inputs;
    return std::all_of(operands.begin() + 1, operands.end(), [&](ValueId v) {
      return graph_.value(v).kind == ValueKind::kConstant &&
             graph_.value(v).constant.size() == 1;
    });
  }

  bool IsFloatAttention(NodeId id) const {
    return op(id) == "attention_fused" &&
           !IsByte(graph_.type(graph_.node(id).inputs[0]).dtype);
  }

  // layer_norm | rms_norm + [cast +] quantize_linear | cast to bf16,
  // attention_fused + [cast +] quantize_linear, integer attention or layer +
  // cast to bf16.
  // Norms also give what they normalised, where others read it.
  void ExtendByRounding(NodeId id) {
    const ValueId result = graph_.node(id).outputs[0];
    const DType dtype = graph_.type(result).dtype;
    if (dtype != DType::kF32 && dtype != DType::kBF16) return;
    if (!IsRowNorm(id) && OnlyReader(result) == kNoNode) return;
    for (const NodeId next : readers(result)) {
      if (!Alone(next)) continue;
      if (QuantizesWhole(next) && !IsIntegerLayer(id)) {
        MergeSafely(next, id);
        return;
      }
      if (CastsTo(next, DType::kBF16) && !IsFloatAttention(id)) {
        MergeSafely(next, id);
        return;
      }
      if (CastsTo(next, DType::kF32) && dtype == DType::kBF16) {
        const NodeId last = OnlyReader(graph_.node(next).outputs[0]);
        if (last == kNoNode || !QuantizesWhole(last) || !Alone(last)) continue;
        if (MergeSafely(next, id)) MergeSafely(last, id);
        return;
      }
    }
  }

  bool Elementwise(NodeId id) const { return find_(op(id))->elementwise; }

  bool HasGrid(NodeId id) const {
    return op(id) == "quantize_linear" || op(id) == "dequantize_linear" ||
           op(id) == "fake_quantize";
  }

  // Integers beyond 2^24 need another arithmetic than floats; zero points are
  // small.
  bool Wide(NodeId id) const {
    auto wide = [&](ValueId v) {
      const DType t = graph_.type(v).dtype;
      return t == DType::kF64 || t == DType::kS32 || t == DType::kS64;
    };
    const Node& node = graph_.node(id);
    const auto inputs_end =
        HasGrid(id) ? node.inputs.begin() + 1 : node.inputs.end();
    return std::any_of(node.inputs.begin(), inputs_end, wide) ||
           std::any_of(node.outputs.begin(), node.outputs.end(), wide);
  }

  // Casts to another type than f32 and quantization round, which must stay
  // visible.
  bool Rounds(NodeId id) const {
    return op(id) == "quantize_linear" ||
           (op(id) == "cast" &&
            graph_.type(graph_.node(id).outputs[0]).dtype != DType::kF32);
  }

  void JoinReader(NodeId id) {
    const ValueId result = graph_.node(id).outputs[0];
    if (!Elementwise(id) || Rounds(id)) return;
    if (const size_t u = unit(id); !Elementwise(units_[u].anchor)) return;
    const NodeId reader = OnlyReader(result);
    if (reader == kNoNode || !Elementwise(reader) ||
        !Elementwise(units_[unit(reader)].anchor) ||
        graph_.shape(result) != graph_.shape(graph_.node(reader).outputs[0]) ||
        Wide(id) != Wide(reader) ||
        units_[unit(id)].nodes.size() + units_[unit(reader)].nodes.size() >
            kMaxNodes) {
      return;
    }
    // The result of `id` leaves its unit only to the reader: no cycle.
    Merge(id, reader);
    units_[unit(id)].anchor = units_[unit(id)].nodes.back();
  }

  // Units after all that they read; otherwise in the order of the graph.
  std::vector<Unit> Order() {
    std::vector<int> waits(units_.size(), 0);
    std::vector<std::vector<size_t>> after(units_.size());
    for (NodeId id = 0; id < graph_.node_count(); ++id) {
      for (const ValueId v : graph_.node(id).outputs) {
        for (const NodeId reader : readers(v)) {
          if (unit(reader) == unit(id)) continue;
          after[unit(id)].push_back(unit(reader));
          ++waits[unit(reader)];
        }
      }
    }
    using Entry = std::pair<NodeId, size_t>;  // last node, unit
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> ready;
    auto enqueue = [&](size_t u) {
      if (waits[u] == 0) ready.push({units_[u].nodes.back(), u});
    };
    for (size_t u = 0; u < units_.size(); ++u) {
      if (!units_[u].nodes.empty()) enqueue(u);
    }
    std::vector<Unit> ordered;
    while (!ready.empty()) {
      const size_t u = ready.top().second;
      ready.pop();
      for (const size_t next : after[u]) {
        --waits[next];
        enqueue(next);
      }
      ordered.push_back(std::move(units_[u]));
    }
    return ordered;
  }

  const Graph& graph_;
  KernelFinder find_;
  std::vector<NodeId> unit_of_;
  std::vector<Unit> units_;
  std::vector<std::vector<NodeId>> readers_;
  std::vector<bool> kept_;
};

}  // namespace

std::vector<Unit> PlanUnits(const Graph& graph, KernelFinder find) {
  return Planner(graph, find).Plan();
}

}  // namespace assay::cpu
