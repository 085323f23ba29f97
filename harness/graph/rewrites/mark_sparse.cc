#include "harness/graph/rewrites/mark_sparse.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "harness/core/dtype.h"
#include "harness/core/shape.h"
#include "harness/core/tensor.h"
#include "harness/graph/attributes.h"
#include "harness/graph/copier.h"
#include "harness/graph/cost.h"

namespace assay {
namespace {

constexpr int64_t kLanes = 16;
// Of one core: what a dense kernel multiplies, and what an element costs that
// changes its layout. A sparse kernel is as slow at this many times the density
// up to which it is wanted.
constexpr double kMacsPerCycle = 16;
constexpr double kCyclesPerMove = 5;
constexpr double kBreakEven = 1.5;
// Densities up to which kinds of layers are wanted, as multiples of that of the
// others: Winograd's kernels multiply less, and those of single positions keep
// no windows (backend/cpu/sparse_benchmark).
constexpr double kWinograd = 0.6, kPointwise = 1.5, kFewRows = 0.25;

bool IsConv(const Node& node) {
  return node.op == "conv2d" || node.op == "conv2d_fused";
}

bool IsLayer(const Node& node) {
  return IsConv(node) || node.op == "linear" || node.op == "linear_fused";
}

bool IsF32(const Graph& graph, const std::vector<ValueId>& values) {
  return std::all_of(values.begin(), values.end(), [&](ValueId v) {
    return v == kNoValue || graph.type(v).dtype == DType::kF32;
  });
}

bool IsConstant(const Graph& graph, ValueId v) {
  return graph.value(v).kind == ValueKind::kConstant;
}

double Density(const Tensor& weights) {
  return static_cast<double>(CountNonzeros(weights)) /
         static_cast<double>(weights.size());
}

// That a backend may have Winograd's kernels for.
bool SuitsWinograd(const Graph& graph, const Node& node) {
  const Shape& weights = graph.shape(node.inputs[1]);
  const auto all_ones = [&](const char* name) {
    const auto& values = node.attributes.Ints(name, {1, 1});
    return std::all_of(values.begin(), values.end(),
                       [](int64_t v) { return v == 1; });
  };
  return weights[2] == 3 && weights[3] == 3 && weights[0] % kLanes == 0 &&
         weights[1] % kLanes == 0 && all_ones("strides") &&
         all_ones("dilations");
}

// The layer leaves its zeros out up to this density: `max_density` times what
// its kind is worth; at 1, all do.
double MostDensity(const Graph& graph, const Node& node, double max_density) {
  if (max_density >= 1) return 1;
  if (!IsConv(node)) {
    const Shape& dst = graph.shape(node.outputs[0]);
    const bool fills = ElementCount(dst) / dst.back() >= kLanes;
    return max_density * (fills ? kPointwise : kFewRows);
  }
  const Shape& weights = graph.shape(node.inputs[1]);
  if (weights[2] * weights[3] == 1) return max_density * kPointwise;
  return max_density * (SuitsWinograd(graph, node) ? kWinograd : 1);
}

bool IsSparse(const Graph& graph, const Node& node, double max_density) {
  if (!IsLayer(node) || node.attributes.Int("groups", 1) != 1 ||
      !IsF32(graph, node.inputs) || !IsF32(graph, node.outputs) ||
      !IsConstant(graph, node.inputs[1])) {
    return false;
  }
  if (node.inputs.size() > 2 && node.inputs[2] != kNoValue &&
      !IsConstant(graph, node.inputs[2])) {
    return false;
  }
  if (IsConv(node)) {
    const Shape& dst = graph.shape(node.outputs[0]);
    if (dst[2] * dst[3] < kLanes) return false;
  }
  return Density(graph.value(node.inputs[1]).constant) <=
         MostDensity(graph, node, max_density);
}

// Values that one layout serves: what is not a layer keeps its operand's.
class Regions {
 public:
  explicit Regions(const Graph& graph)
      : parent_(static_cast<size_t>(graph.value_count())) {
    std::iota(parent_.begin(), parent_.end(), ValueId{0});
    for (NodeId id = 0; id < graph.node_count(); ++id) {
      const Node& node = graph.node(id);
      if (IsLayer(node)) continue;
      for (const ValueId in : node.inputs) {
        for (const ValueId out : node.outputs) {
          if (IsImage(graph, in) && IsImage(graph, out)) Join(in, out);
        }
      }
    }
    // A residual lies as the result does.
    for (NodeId id = 0; id < graph.node_count(); ++id) {
      const Node& node = graph.node(id);
      if (!IsConv(node) || node.inputs.size() < 4) continue;
      if (node.inputs[3] != kNoValue) Join(node.inputs[3], node.outputs[0]);
    }
  }

  ValueId Of(ValueId v) const {
    while (parent_[static_cast<size_t>(v)] != v) {
      v = parent_[static_cast<size_t>(v)];
    }
    return v;
  }

 private:
  static bool IsImage(const Graph& graph, ValueId v) {
    return v != kNoValue && graph.shape(v).size() == 4 &&
           graph.value(v).kind == ValueKind::kResult;
  }
  void Join(ValueId a, ValueId b) {
    parent_[static_cast<size_t>(Of(a))] = Of(b);
  }

  std::vector<ValueId> parent_;
};

// Whether leaving out zeros saves more than moving images to row-major and back
// costs, for every layer of `marked`; the others are unmarked.
void KeepWhatPays(const Graph& graph, double max_density,
                  std::vector<bool>* marked) {
  const Regions regions(graph);
  for (bool changed = true; changed;) {
    changed = false;
    // Regions with a convolution that is not marked have a layout of its own.
    std::vector<bool> blocked(static_cast<size_t>(graph.value_count()));
    for (NodeId id = 0; id < graph.node_count(); ++id) {
      const Node& node = graph.node(id);
      if (!IsConv(node) || (*marked)[static_cast<size_t>(id)]) continue;
      for (const ValueId v : {node.inputs[0], node.outputs[0]}) {
        blocked[static_cast<size_t>(regions.Of(v))] = true;
      }
    }
    for (NodeId id = 0; id < graph.node_count(); ++id) {
      const Node& node = graph.node(id);
      if (!IsConv(node) || !(*marked)[static_cast<size_t>(id)]) continue;
      double cost = 0;
      for (const ValueId v : {node.inputs[0], node.outputs[0]}) {
        if (!blocked[static_cast<size_t>(regions.Of(v))]) continue;
        cost +=
            kCyclesPerMove * static_cast<double>(ElementCount(graph.shape(v)));
      }
      const double density = Density(graph.value(node.inputs[1]).constant);
      const double saved =
          static_cast<double>(MacsOf(graph, id)) *
          (1 - density / (kBreakEven * MostDensity(graph, node, max_density))) /
          kMacsPerCycle;
      if (saved > cost) continue;
      (*marked)[static_cast<size_t>(id)] = false;
      changed = true;
    }
  }
}

}  // namespace

absl::StatusOr<Graph> MarkSparse(const Graph& graph, double max_density) {
  std::vector<bool> marked(static_cast<size_t>(graph.node_count()));
  for (NodeId id = 0; id < graph.node_count() && max_density > 0; ++id) {
    marked[static_cast<size_t>(id)] =
        IsSparse(graph, graph.node(id), max_density);
  }
  KeepWhatPays(graph, max_density, &marked);
  CopyHooks hooks;
  hooks.node = [&](GraphCopier& copier, NodeId id) -> absl::StatusOr<bool> {
    const Node& node = graph.node(id);
    if (!marked[static_cast<size_t>(id)]) return false;
    Attributes attributes = node.attributes;
    attributes.Set("sparse", int64_t{1});
    const ValueId result = node.outputs[0];
    copier.Set(result,
               copier.b().Op(IsConv(node) ? "conv2d_fused" : "linear_fused",
                             copier.Map(node.inputs), std::move(attributes),
                             graph.value(result).name));
    return true;
  };
  return CopyGraph(graph, hooks);
}

}  // namespace assay
