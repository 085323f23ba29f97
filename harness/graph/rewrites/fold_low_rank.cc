#include "harness/graph/rewrites/fold_low_rank.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/core/tensor.h"
#include "harness/graph/copier.h"
#include "harness/graph/cost.h"
#include "harness/graph/rewrites/pattern.h"
#include "harness/graph/rewrites/prune_dead.h"

namespace assay {
namespace {

// A layer whose weights and bias are known.
struct KnownLayer {
  ValueId src = kNoValue;
  Tensor weights;
  std::optional<Tensor> bias;
  Attributes attributes;
  double macs = 0;  // zeros left out
};

// dst [O, C, area] = sum over r of outer [O, R, outer area] * inner [R, C,
// inner area], where one of the areas is 1.
Tensor Product(const Tensor& outer, const Tensor& inner) {
  const int64_t outputs = outer.dim(0), rank = inner.dim(0),
                inputs = inner.dim(1);
  const int64_t outer_area = outer.size() / (outputs * rank);
  const int64_t inner_area = inner.size() / (rank * inputs);
  Shape shape = outer_area > 1 ? outer.shape() : inner.shape();
  shape[0] = outputs;
  shape[1] = inputs;
  const int64_t area = outer_area * inner_area;
  Tensor product(DType::kF32, shape);
  std::vector<double> row(static_cast<size_t>(inputs * area));
  for (int64_t o = 0; o < outputs; ++o) {
    std::fill(row.begin(), row.end(), 0.0);
    for (int64_t r = 0; r < rank; ++r) {
      const float* factors = outer.data<float>() + (o * rank + r) * outer_area;
      const float* from = inner.data<float>() + r * inputs * inner_area;
      for (int64_t i = 0; i < inputs * area; ++i) {
        row[static_cast<size_t>(i)] +=
            static_cast<double>(factors[outer_area > 1 ? i % area : 0]) *
            static_cast<double>(from[outer_area > 1 ? i / area : i]);
      }
    }
    std::transform(row.begin(), row.end(),
                   product.data<float>() + o * inputs * area,
                   [](double sum) { return static_cast<float>(sum); });
  }
  return product;
}

// The outer layer's bias, and what it makes of the inner one's.
std::optional<Tensor> BiasOf(const KnownLayer& outer, const KnownLayer& inner) {
  if (!inner.bias.has_value()) return outer.bias;
  const int64_t outputs = outer.weights.dim(0), rank = outer.weights.dim(1);
  const int64_t area = outer.weights.size() / (outputs * rank);
  Tensor bias(DType::kF32, {outputs});
  for (int64_t o = 0; o < outputs; ++o) {
    double sum = outer.bias.has_value()
                     ? static_cast<double>(outer.bias->data<float>()[o])
                     : 0;
    for (int64_t i = 0; i < rank * area; ++i) {
      sum += static_cast<double>(
                 outer.weights.data<float>()[o * rank * area + i]) *
             static_cast<double>(inner.bias->data<float>()[i / area]);
    }
    bias.data<float>()[o] = static_cast<float>(sum);
  }
  return bias;
}

bool Pads(const Attributes& attributes) {
  const std::vector<int64_t> pads = attributes.Ints("pads", {0, 0, 0, 0});
  return std::any_of(pads.begin(), pads.end(),
                     [](int64_t pad) { return pad != 0; });
}

// A product of matrices at every position.
bool IsPointwise(const KnownLayer& layer) {
  const Shape& w = layer.weights.shape();
  if (w.size() == 2) return true;
  const std::vector<int64_t> strides = layer.attributes.Ints("strides", {1, 1});
  return w[2] == 1 && w[3] == 1 && strides[0] == 1 && strides[1] == 1 &&
         !Pads(layer.attributes);
}

bool Composes(const KnownLayer& outer, const KnownLayer& inner) {
  if (outer.weights.rank() != inner.weights.rank()) return false;
  if (IsPointwise(outer)) return true;
  return IsPointwise(inner) &&
         !(inner.bias.has_value() && Pads(outer.attributes));
}

class Folder {
 public:
  explicit Folder(const Graph& graph) : graph_(graph), pattern_(graph) {}

  absl::StatusOr<bool> Node(GraphCopier& copier, NodeId id) {
    std::optional<KnownLayer> outer = LayerOf(graph_.node(id));
    if (!outer.has_value()) return false;
    const ValueId result = graph_.node(id).outputs[0];
    const ValueId middle = outer->src;
    const std::optional<KnownLayer> inner = InnerOf(middle);
    if (!inner.has_value() || !Composes(*outer, *inner)) return false;
    KnownLayer folded;
    folded.src = inner->src;
    folded.weights = Product(outer->weights, inner->weights);
    folded.macs = static_cast<double>(folded.weights.size()) /
                  static_cast<double>(folded.weights.dim(0)) *
                  static_cast<double>(ElementCount(graph_.shape(result)));
    if (folded.macs > outer->macs + inner->macs) return false;
    folded.bias = BiasOf(*outer, *inner);
    folded.attributes =
        IsPointwise(*outer) ? inner->attributes : outer->attributes;
    Add(copier, id, folded);
    folded_[result] = std::move(folded);
    return true;
  }

 private:
  std::optional<KnownLayer> InnerOf(ValueId middle) const {
    if (graph_.value(middle).kind != ValueKind::kResult ||
        !pattern_.ReadOnce(middle)) {
      return std::nullopt;
    }
    const auto found = folded_.find(middle);
    if (found != folded_.end()) return found->second;
    return LayerOf(graph_.node(graph_.value(middle).producer));
  }

  std::optional<KnownLayer> LayerOf(const assay::Node& node) const {
    if ((node.op != "linear" && node.op != "conv2d") ||
        node.attributes.Int("groups", 1) != 1 ||
        graph_.type(node.outputs[0]).dtype != DType::kF32) {
      return std::nullopt;
    }
    const Tensor* weights = pattern_.Constant(node.inputs[1]);
    if (weights == nullptr) return std::nullopt;
    KnownLayer layer;
    layer.src = node.inputs[0];
    layer.weights = *weights;
    layer.attributes = node.attributes;
    if (node.inputs.size() > 2 && node.inputs[2] != kNoValue) {
      const Tensor* bias = pattern_.Constant(node.inputs[2]);
      if (bias == nullptr) return std::nullopt;
      layer.bias = *bias;
    }
    const int64_t outputs = weights->dim(0);
    layer.macs =
        static_cast<double>(CountNonzeros(*weights)) /
        static_cast<double>(outputs) *
        static_cast<double>(ElementCount(graph_.shape(node.outputs[0])));
    return layer;
  }

  void Add(GraphCopier& copier, NodeId id, const KnownLayer& folded) const {
    const std::string& name = graph_.value(graph_.node(id).outputs[0]).name;
    GraphBuilder& b = copier.b();
    std::vector<ValueId> operands = {
        copier.Map(folded.src),
        b.Constant(folded.weights, absl::StrCat(name, ".product"))};
    if (folded.bias.has_value()) {
      operands.push_back(
          b.Constant(*folded.bias, absl::StrCat(name, ".product_bias")));
    }
    copier.Set(graph_.node(id).outputs[0],
               b.Op(graph_.node(id).op, operands, folded.attributes, name));
  }

  const Graph& graph_;
  const Pattern pattern_;
  absl::flat_hash_map<ValueId, KnownLayer> folded_;  // by result
};

}  // namespace

absl::StatusOr<Graph> FoldLowRank(const Graph& graph) {
  Folder folder(graph);
  CopyHooks hooks;
  hooks.node = [&](GraphCopier& copier, NodeId id) {
    return folder.Node(copier, id);
  };
  ASSAY_ASSIGN_OR_RETURN(const Graph folded, CopyGraph(graph, hooks));
  return PruneDead(folded);
}

}  // namespace assay
