#include "harness/graph/rewrites/with_cache.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/core/tensor.h"
#include "harness/graph/copier.h"
#include "harness/graph/rewrites/constant_fold.h"
#include "harness/graph/rewrites/pattern.h"
#include "harness/graph/rewrites/position_axes.h"
#include "harness/graph/rewrites/prune_dead.h"

namespace assay {
namespace {

// What the causal mask must be beyond the diagonal at most.
constexpr double kFar = -1e8;
constexpr double kMasked = -1e9;
constexpr int64_t kEnd = std::numeric_limits<int64_t>::max();

bool IsCausal(const Tensor& mask, int64_t length) {
  if (mask.dtype() != DType::kF32 || mask.rank() < 2 ||
      mask.size() != length * length || mask.dim(mask.rank() - 1) != length) {
    return false;
  }
  for (int64_t row = 0; row < length; ++row) {
    for (int64_t column = 0; column < length; ++column) {
      const float value = mask.data<float>()[row * length + column];
      if (column <= row ? value != 0 : value > kFar) return false;
    }
  }
  return true;
}

// The nodes of one attention.
struct Attention {
  ValueId scores;     // q k'
  ValueId mask;       // the constant
  ValueId weights;    // softmax
  int64_t keys_axis;  // of the positions
};

class Rewriter {
 public:
  Rewriter(const Graph& network, int64_t length, int64_t count,
           std::string prefix)
      : network_(network),
        pattern_(network),
        length_(length),
        count_(count),
        prefix_(std::move(prefix)) {}

  absl::StatusOr<CachedNetwork> Run() {
    ASSAY_RETURN_IF_ERROR(FindAttention());
    ASSAY_RETURN_IF_ERROR(CheckPositions());
    CopyHooks hooks;
    hooks.leaf = [this](GraphCopier& copier, ValueId id) {
      return Leaf(copier, id);
    };
    hooks.node = [this](GraphCopier& copier, NodeId id) {
      return OneNode(copier, id);
    };
    hooks.finish = [this](GraphCopier& copier) {
      for (const auto& [cache, value] : updates_) {
        copier.b().Update(cache, value);
      }
      return copier.b().status();
    };
    ASSAY_ASSIGN_OR_RETURN(Graph whole, CopyGraph(network_, hooks));
    ASSAY_ASSIGN_OR_RETURN(made_.graph, PruneDead(whole));
    return std::move(made_);
  }

 private:
  absl::Status Invalid(ValueId value, absl::string_view what) const {
    return absl::InvalidArgumentError(
        absl::StrCat("'", network_.value(value).name, "': ", what));
  }

  // What is not attention must not look at other positions, nor at its number.
  absl::Status CheckPositions() const {
    AttentionProducts attention;
    for (const auto& [node, found] : scores_) {
      attention.scores.insert(node);
      attention.masks.insert(found.mask);
    }
    for (const auto& [node, found] : contexts_) attention.contexts.insert(node);
    ASSAY_ASSIGN_OR_RETURN(const std::vector<int64_t> axes,
                           PositionAxes(network_, attention));
    for (const Graph::Output& output : network_.outputs()) {
      if (axes[static_cast<size_t>(output.value)] == 1) continue;
      return Invalid(output.value, "expected an output of every position");
    }
    return absl::OkStatus();
  }

  // Attention, by the product that begins it and the one that ends it.
  absl::Status FindAttention() {
    for (NodeId id = 0; id < network_.node_count(); ++id) {
      const Node& node = network_.node(id);
      if (node.op != "matmul" || node.inputs.size() != 2) continue;
      const Node* softmax =
          pattern_.Producer(BeforeGrid(node.inputs[0]), "softmax");
      if (softmax == nullptr) continue;
      ASSAY_ASSIGN_OR_RETURN(const std::optional<Attention> found,
                             Behind(softmax->inputs[0], node.inputs[0]));
      if (!found.has_value()) continue;
      scores_[network_.value(found->scores).producer] = *found;
      contexts_[id] = *found;
      masks_[found->mask] = true;
    }
    return absl::OkStatus();
  }

  // What was rounded to a grid, where the value was; else the value.
  ValueId BeforeGrid(ValueId v) const {
    const Node* real = pattern_.Producer(v, "dequantize_linear");
    if (real == nullptr) return v;
    const Node* grid = pattern_.Producer(real->inputs[0], "quantize_linear");
    return grid == nullptr ? v : grid->inputs[0];
  }

  // From the softmax's operand back to the product of queries and keys.
  absl::StatusOr<std::optional<Attention>> Behind(ValueId value,
                                                  ValueId weights) const {
    ValueId mask = kNoValue;
    while (true) {
      const NodeId producer = network_.value(value).producer;
      if (network_.value(value).kind != ValueKind::kResult) {
        return std::optional<Attention>();
      }
      const Node& node = network_.node(producer);
      if (node.op == "matmul") {
        if (mask == kNoValue) {
          return Invalid(weights, "expected attention with a causal mask");
        }
        const bool turned = node.attributes.Int("transpose_b", 0) != 0;
        const int64_t rank =
            static_cast<int64_t>(network_.shape(node.inputs[1]).size());
        return std::optional<Attention>(
            Attention{value, mask, weights, turned ? rank - 2 : rank - 1});
      }
      if (node.op != "add" && node.op != "mul" && node.op != "div") {
        return std::optional<Attention>();
      }
      const auto constant = [&](ValueId v) {
        return pattern_.Constant(v) != nullptr;
      };
      const ValueId beside = Pattern::Beside(node, constant);
      if (beside == kNoValue) return std::optional<Attention>();
      if (node.op == "add") {
        mask = node.inputs[0] == beside ? node.inputs[1] : node.inputs[0];
        if (!IsCausal(*pattern_.Constant(mask), length_)) {
          return Invalid(weights, "expected attention with a causal mask");
        }
      }
      value = beside;
    }
  }

  absl::StatusOr<bool> Leaf(GraphCopier& copier, ValueId id) {
    const Value& value = network_.value(id);
    if (value.kind == ValueKind::kInput) {
      Shape shape = value.type.shape;
      shape[1] = count_;
      copier.Set(id, copier.b().Input(value.name, value.type.dtype, shape));
      return true;
    }
    if (masks_.count(id) == 0) return false;
    copier.Set(id, Mask(copier.b()));
    return true;
  }

  absl::StatusOr<bool> OneNode(GraphCopier& copier, NodeId id) {
    const Node& node = network_.node(id);
    if (node.op == "rope") return Rope(copier, node);
    if (node.op == "reshape") return Reshape(copier, node);
    if (const auto it = scores_.find(id); it != scores_.end()) {
      return Remember(copier, node, "keys", it->second.keys_axis);
    }
    if (const auto it = contexts_.find(id); it != contexts_.end()) {
      const int64_t rank =
          static_cast<int64_t>(network_.shape(node.inputs[1]).size());
      const bool turned = node.attributes.Int("transpose_b", 0) != 0;
      return Remember(copier, node, "values", turned ? rank - 1 : rank - 2);
    }
    return false;
  }

  static std::vector<float> Count(int64_t n) {
    std::vector<float> numbers(static_cast<size_t>(n));
    for (size_t i = 0; i < numbers.size(); ++i) {
      numbers[i] = static_cast<float>(i);
    }
    return numbers;
  }
  static ValueId Cast(GraphBuilder& b, ValueId v, const char* dtype) {
    return b.Op("cast", {v}, {{"dtype", std::string(dtype)}});
  }

  // The number of the first position, f32 of rank 0.
  ValueId First(GraphBuilder& b) {
    if (first_ == kNoValue) {
      first_ = Cast(b, b.Input("position", DType::kS32, {}), "f32");
    }
    return first_;
  }
  // Those of the positions that come, f32 [count,1].
  ValueId Here(GraphBuilder& b) {
    if (here_ == kNoValue) {
      const ValueId steps =
          b.Constant(Tensor::From<float>({count_, 1}, Count(count_)), "steps");
      here_ = b.Add(steps, First(b));
    }
    return here_;
  }
  ValueId Places(GraphBuilder& b) {
    if (places_ == kNoValue) {
      places_ =
          b.Constant(Tensor::From<float>({length_}, Count(length_)), "places");
    }
    return places_;
  }
  // [count,T], for all that is cached.
  ValueId Mask(GraphBuilder& b) {
    if (mask_ == kNoValue) {
      const ValueId later = b.Op("greater", {Places(b), Here(b)});
      mask_ = b.Scale(Cast(b, later, "f32"), kMasked);
    }
    return mask_;
  }
  // Where each place of a cache comes from: itself, or T and more for the
  // positions that come. s32 [T].
  ValueId Sources(GraphBuilder& b) {
    if (sources_ == kNoValue) {
      const ValueId behind = b.Sub(Places(b), First(b));
      const auto above = [&](double term) {
        const ValueId edge = b.Scalar(DType::kF32, term);
        return Cast(b, b.Op("greater", {behind, edge}), "f32");
      };
      const ValueId fresh =
          b.Sub(above(-0.5), above(static_cast<double>(count_) - 0.5));
      const ValueId shift =
          b.Offset(b.Scale(First(b), -1), static_cast<double>(length_));
      sources_ = Cast(b, b.Add(Places(b), b.Mul(fresh, shift)), "s32");
    }
    return sources_;
  }

  // `value` on the grid that `like` is on.
  ValueId OnGrid(GraphCopier& copier, ValueId like, ValueId value) {
    const Node& real = network_.node(network_.value(like).producer);
    const Node& grid = network_.node(network_.value(real.inputs[0]).producer);
    for (const Node* node : {&grid, &real}) {
      std::vector<ValueId> operands = copier.Map(node->inputs);
      operands[0] = value;
      value = copier.b().Op(node->op, operands, node->attributes);
    }
    return value;
  }

  // The second operand becomes that of all positions so far.
  absl::StatusOr<bool> Remember(GraphCopier& copier, const Node& node,
                                const char* what, int64_t axis) {
    GraphBuilder& b = copier.b();
    const ValueId old = node.inputs[1];
    if (network_.shape(old)[static_cast<size_t>(axis)] != length_) {
      return Invalid(old, "expected keys and values of every position");
    }
    const std::string name =
        absl::StrCat(prefix_, made_.caches.values().size() / 2, ".", what);
    // Rounded behind the cache, where lowering sees what the product reads.
    const ValueId real = BeforeGrid(old);
    const TensorType& type = network_.type(real);
    made_.caches.Set(name, Tensor::Zeros(type.dtype, type.shape));
    const ValueId cache = b.Parameter(name, type.dtype, type.shape);
    const ValueId both =
        b.Op("concat", {cache, copier.Map(real)}, {{"axis", axis}});
    const ValueId all =
        b.Op("gather", {both, Sources(b)}, {{"axis", axis}}, name);
    updates_.push_back({cache, all});
    const ValueId read = real == old ? all : OnGrid(copier, old, all);
    const ValueId result =
        b.Op(node.op, {copier.Map(node.inputs[0]), read}, node.attributes,
             network_.value(node.outputs[0]).name);
    ASSAY_RETURN_IF_ERROR(b.status());
    copier.Set(node.outputs[0], result);
    return true;
  }

  // x cos + (-x2, x1) sin, by tables of all positions.
  absl::StatusOr<bool> Rope(GraphCopier& copier, const Node& node) {
    GraphBuilder& b = copier.b();
    const Shape& shape = network_.shape(node.inputs[0]);
    if (shape[2] != length_) return false;
    const int64_t width = shape[3], half = width / 2;
    const double base = node.attributes.Real("base", 10000);
    const double offset = static_cast<double>(node.attributes.Int("offset", 0));
    const double sign = node.attributes.Int("inverse", 0) != 0 ? -1 : 1;
    Tensor cosines(DType::kF32, {length_, width});
    Tensor sines(DType::kF32, {length_, width});
    for (int64_t t = 0; t < length_; ++t) {
      for (int64_t i = 0; i < width; ++i) {
        const double exponent =
            -static_cast<double>(i % half) / static_cast<double>(half);
        const double angle =
            (static_cast<double>(t) + offset) * std::pow(base, exponent);
        cosines.data<float>()[t * width + i] =
            static_cast<float>(std::cos(angle));
        sines.data<float>()[t * width + i] =
            static_cast<float>((i < half ? -sign : sign) * std::sin(angle));
      }
    }
    const ValueId x = copier.Map(node.inputs[0]);
    const ValueId at = Cast(b, b.Reshape(Here(b), {count_}), "s32");
    const auto part = [&](int64_t start, int64_t end) {
      return b.Op("slice", {x},
                  {{"starts", std::vector<int64_t>{0, 0, 0, start}},
                   {"ends", std::vector<int64_t>{kEnd, kEnd, kEnd, end}}});
    };
    const ValueId turned = b.Op("concat", {part(half, width), part(0, half)},
                                {{"axis", int64_t{3}}});
    const auto rows = [&](Tensor table, const char* name) {
      return b.Op("gather", {b.Constant(std::move(table), name), at});
    };
    const ValueId result =
        b.Add(b.Mul(x, rows(std::move(cosines), "cosines")),
              b.Mul(turned, rows(std::move(sines), "sines")));
    ASSAY_RETURN_IF_ERROR(b.status());
    copier.Set(node.outputs[0], result);
    return true;
  }

  // A shape that spells the length out.
  absl::StatusOr<bool> Reshape(GraphCopier& copier, const Node& node) {
    const ValueId from = copier.Map(node.inputs[0]);
    const Shape& before = network_.shape(node.inputs[0]);
    const Shape& now = copier.to().shape(from);
    const Shape& after = network_.shape(node.outputs[0]);
    size_t axis = 0;
    int64_t outer = 1;
    while (axis < now.size() && now[axis] == before[axis]) {
      outer *= now[axis++];
    }
    if (axis == now.size()) return false;  // without positions
    std::vector<int64_t> shape = node.attributes.Ints("shape", {});
    int64_t reached = 1;
    for (size_t i = 0; i < after.size(); reached *= after[i++]) {
      if (reached != outer || after[i] != length_) continue;
      if (shape[i] == length_) shape[i] = count_;
      const ValueId result = copier.b().Reshape(from, shape);
      ASSAY_RETURN_IF_ERROR(copier.b().status());
      copier.Set(node.outputs[0], result);
      return true;
    }
    return Invalid(node.outputs[0],
                   "expected a reshape that keeps the axis of positions");
  }

  const Graph& network_;
  const Pattern pattern_;
  const int64_t length_, count_;
  const std::string prefix_;
  std::map<NodeId, Attention> scores_, contexts_;
  std::map<ValueId, bool> masks_;
  CachedNetwork made_{Graph(network_.ops()), {}};
  std::vector<std::pair<ValueId, ValueId>> updates_;
  ValueId first_ = kNoValue, here_ = kNoValue, places_ = kNoValue;
  ValueId mask_ = kNoValue, sources_ = kNoValue;
};

}  // namespace

absl::StatusOr<CachedNetwork> WithCache(const Graph& network, int64_t count,
                                        const std::string& prefix) {
  int64_t length = -1;
  for (const ValueId id : network.inputs()) {
    const Shape& shape = network.shape(id);
    if (shape.size() < 2 || shape[0] != 1 ||
        (length >= 0 && shape[1] != length)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "input '", network.value(id).name, "': expected [1,T,...] with ",
          length < 0 ? "the positions on axis 1" : absl::StrCat("T = ", length),
          ", got ", ToString(network.type(id))));
    }
    length = shape[1];
  }
  if (count < 1 || count >= length) {
    return absl::InvalidArgumentError(absl::StrCat(
        "expected 1 to ", length - 1, " positions at a time, got ", count));
  }
  ASSAY_ASSIGN_OR_RETURN(const Graph folded, FoldConstants(network));
  ASSAY_ASSIGN_OR_RETURN(const Graph live, PruneDead(folded));
  return Rewriter(live, length, count, prefix).Run();
}

int64_t CacheChunk(int64_t left, int64_t context) {
  constexpr int64_t kMostAtOnce = 64;
  int64_t size = 1;
  while (2 * size <= std::min({left, kMostAtOnce, context - 1})) size *= 2;
  return size;
}

}  // namespace assay
