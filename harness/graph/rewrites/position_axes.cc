#include "harness/graph/rewrites/position_axes.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace assay {
namespace {

// Each element of the result is made of those at its place, by broadcasting.
constexpr absl::string_view kElementwise[] = {
    "abs",     "add",       "cast",     "ceil",  "clip",         "cos",
    "div",     "equal",     "erf",      "exp",   "floor",        "gelu",
    "greater", "hardswish", "identity", "log",   "maximum",      "minimum",
    "mul",     "neg",       "relu",     "relu6", "round",        "pow_scalar",
    "rsqrt",   "sigmoid",   "sign",     "silu",  "sin",          "sqrt",
    "square",  "sub",       "tanh",     "where", "stop_gradient"};

// Operand 0 along `axis` (their attribute, with this preset), by itself.
struct AlongAxis {
  absl::string_view op;
  int64_t preset;
};
constexpr AlongAxis kAlongAxis[] = {
    {"softmax", -1},        {"log_softmax", -1}, {"cumsum", -1},
    {"quantize_linear", 0}, {"top_k", -1},       {"dequantize_linear", 0},
    {"fake_quantize", 0},   {"argmax", -1},      {"lsq_quantize", 0}};

bool IsElementwise(absl::string_view op) {
  return std::find(std::begin(kElementwise), std::end(kElementwise), op) !=
         std::end(kElementwise);
}

int64_t FromFront(int64_t axis, int64_t rank) {
  return axis < 0 ? axis + rank : axis;
}

class Finder {
 public:
  Finder(const Graph& network, const AttentionProducts& attention)
      : network_(network),
        attention_(attention),
        axes_(static_cast<size_t>(network.value_count()), kNoPositions) {}

  absl::StatusOr<std::vector<int64_t>> Run() {
    for (const ValueId id : network_.inputs()) At(id) = 1;
    for (NodeId id = 0; id < network_.node_count(); ++id) {
      const Node& node = network_.node(id);
      const bool without = std::all_of(
          node.inputs.begin(), node.inputs.end(),
          [&](ValueId v) { return v == kNoValue || At(v) == kNoPositions; });
      if (without) continue;
      const std::optional<int64_t> axis = Of(id, node);
      if (!axis.has_value()) {
        return absl::InvalidArgumentError(absl::StrCat(
            "'", network_.value(node.outputs[0]).name, "' (", node.op,
            "): expected a node that keeps positions apart"));
      }
      for (const ValueId v : node.outputs) At(v) = *axis;
    }
    return std::move(axes_);
  }

 private:
  int64_t& At(ValueId v) { return axes_[static_cast<size_t>(v)]; }
  const Shape& ShapeOf(ValueId v) const { return network_.shape(v); }
  int64_t Rank(ValueId v) const {
    return static_cast<int64_t>(ShapeOf(v).size());
  }
  int64_t Extent(ValueId v, int64_t axis) const {
    return ShapeOf(v)[static_cast<size_t>(axis)];
  }

  // Of the results; none where positions meet.
  std::optional<int64_t> Of(NodeId id, const Node& node) {
    if (node.op == "matmul") return Matmul(id, node);
    if (IsElementwise(node.op)) return Elementwise(node);
    if (node.op == "gather") return Gather(node);
    if (node.op == "concat") return Concat(node);
    // What is left has positions in operand 0 alone.
    const int64_t axis = At(node.inputs[0]);
    for (size_t i = 1; i < node.inputs.size(); ++i) {
      const ValueId v = node.inputs[i];
      if (v != kNoValue && At(v) != kNoPositions) return std::nullopt;
    }
    if (axis == kNoPositions) return std::nullopt;
    const int64_t rank = Rank(node.inputs[0]);
    const auto unless = [&](int64_t mixed) -> std::optional<int64_t> {
      if (axis == mixed) return std::nullopt;
      return axis;
    };
    if (node.op == "linear" || node.op == "linear_u4" ||
        node.op == "layer_norm" || node.op == "rms_norm") {
      return unless(rank - 1);
    }
    if (node.op == "batch_norm" || node.op == "repeat_heads") return unless(1);
    if (node.op == "rope" && axis == 2) return axis;
    if (node.op == "slice") return Slice(node, axis);
    if (node.op == "reshape") return Reshape(node, axis);
    if (node.op == "transpose") return Transpose(node, axis);
    if (node.op == "reduce_max" || node.op == "reduce_mean" ||
        node.op == "reduce_sum") {
      return Reduce(node, axis, rank);
    }
    for (const AlongAxis& along : kAlongAxis) {
      if (along.op != node.op) continue;
      const int64_t mixed =
          FromFront(node.attributes.Int("axis", along.preset), rank);
      if (axis == mixed && !OneGrid(node)) return std::nullopt;
      const bool gone = Rank(node.outputs[0]) < rank && mixed < axis;
      return axis - (gone ? 1 : 0);
    }
    return std::nullopt;
  }

  // Quantized by one scale: the axis says nothing.
  bool OneGrid(const Node& node) const {
    return absl::StrContains(node.op, "quantize") && node.inputs.size() > 1 &&
           ShapeOf(node.inputs[1]).empty();
  }

  std::optional<int64_t> Elementwise(const Node& node) {
    const int64_t rank = Rank(node.outputs[0]);
    int64_t axis = kNoPositions;
    for (const ValueId v : node.inputs) {
      if (v == kNoValue || At(v) == kNoPositions) continue;
      const int64_t here = At(v) + rank - Rank(v);
      if (axis != kNoPositions && axis != here) return std::nullopt;
      axis = here;
    }
    for (const ValueId v : node.inputs) {
      if (v == kNoValue || At(v) != kNoPositions) continue;
      const int64_t here = axis - (rank - Rank(v));
      if (here < 0 || Extent(v, here) == 1) continue;
      if (attention_.masks.count(v) == 0) return std::nullopt;
    }
    return axis;
  }

  std::optional<int64_t> Matmul(NodeId id, const Node& node) {
    const ValueId a = node.inputs[0], b = node.inputs[1];
    const int64_t rank = Rank(node.outputs[0]);
    const int64_t turned_a = node.attributes.Int("transpose_a", 0) != 0;
    const int64_t turned_b = node.attributes.Int("transpose_b", 0) != 0;
    // Rows of a, and of b what is summed over.
    const int64_t rows = Rank(a) - 2 + turned_a;
    const int64_t summed_b = Rank(b) - 2 + turned_b;
    const int64_t columns_b = Rank(b) - 1 - turned_b;
    if (attention_.scores.count(id) > 0 || attention_.contexts.count(id) > 0) {
      const bool scores = attention_.scores.count(id) > 0;
      const bool fits =
          At(a) == rows && At(b) == (scores ? columns_b : summed_b);
      return fits ? std::optional<int64_t>(rank - 2) : std::nullopt;
    }
    if (At(b) != kNoPositions) return std::nullopt;
    if (At(a) == rows) return rank - 2;
    if (At(a) >= Rank(a) - 2) return std::nullopt;  // summed over
    const int64_t axis = At(a) + rank - Rank(a);
    const int64_t beside = axis - (rank - Rank(b));
    if (beside >= 0 && Extent(b, beside) != 1) return std::nullopt;
    return axis;
  }

  std::optional<int64_t> Gather(const Node& node) {
    const ValueId table = node.inputs[0], indices = node.inputs[1];
    const int64_t along =
        FromFront(node.attributes.Int("axis", 0), Rank(table));
    if (At(table) == kNoPositions) return along + At(indices);
    if (At(indices) != kNoPositions || At(table) == along) return std::nullopt;
    return At(table) < along ? At(table) : At(table) + Rank(indices) - 1;
  }

  std::optional<int64_t> Concat(const Node& node) {
    const int64_t axis = At(node.inputs[0]);
    if (axis ==
        FromFront(node.attributes.Int("axis", 0), Rank(node.inputs[0]))) {
      return std::nullopt;
    }
    for (const ValueId v : node.inputs) {
      if (At(v) != axis) return std::nullopt;
    }
    return axis;
  }

  std::optional<int64_t> Slice(const Node& node, int64_t axis) const {
    if (Extent(node.inputs[0], axis) != Extent(node.outputs[0], axis)) {
      return std::nullopt;
    }
    return axis;
  }

  // The axis that has as much before it, and the same extent.
  std::optional<int64_t> Reshape(const Node& node, int64_t axis) const {
    const Shape& before = ShapeOf(node.inputs[0]);
    const Shape& after = ShapeOf(node.outputs[0]);
    const size_t at = static_cast<size_t>(axis);
    int64_t outer = 1, reached = 1;
    for (size_t i = 0; i < at; ++i) outer *= before[i];
    for (size_t i = 0; i < after.size(); reached *= after[i++]) {
      if (reached == outer && after[i] == before[at]) {
        return static_cast<int64_t>(i);
      }
    }
    return std::nullopt;
  }

  static std::optional<int64_t> Transpose(const Node& node, int64_t axis) {
    const auto& order = node.attributes.Ints("permutation", {});
    const auto found = std::find(order.begin(), order.end(), axis);
    if (found == order.end()) return std::nullopt;
    return found - order.begin();
  }

  std::optional<int64_t> Reduce(const Node& node, int64_t axis,
                                int64_t rank) const {
    const bool keep = Rank(node.outputs[0]) == rank;
    int64_t gone = 0;
    for (const int64_t reduced : node.attributes.Ints("axes", {})) {
      const int64_t at = FromFront(reduced, rank);
      if (at == axis) return std::nullopt;
      gone += at < axis ? 1 : 0;
    }
    return keep ? axis : axis - gone;
  }

  const Graph& network_;
  const AttentionProducts& attention_;
  std::vector<int64_t> axes_;
};

}  // namespace

absl::StatusOr<std::vector<int64_t>> PositionAxes(
    const Graph& network, const AttentionProducts& attention) {
  return Finder(network, attention).Run();
}

}  // namespace assay
