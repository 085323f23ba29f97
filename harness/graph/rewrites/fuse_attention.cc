#include "harness/graph/rewrites/fuse_attention.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/graph/copier.h"
#include "harness/graph/rewrites/pattern.h"
#include "harness/graph/rewrites/prune_dead.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

// Masks below it hide a key.
constexpr double kHidden = -1e9;

// Elements of `base` under other extents and strides.
struct View {
  ValueId base = kNoValue;
  Shape shape;
  Ints strides;
  int64_t offset = 0;
  int64_t repeats = 1;  // of axis 1, whose extent counts the copies
};

View Whole(const Graph& graph, ValueId v) {
  View view{v, graph.shape(v), {}, 0};
  view.strides.assign(view.shape.size(), 1);
  for (size_t i = view.shape.size(); i-- > 1;) {
    view.strides[i - 1] = view.strides[i] * view.shape[i];
  }
  return view;
}

// The view under another shape of as many elements; nothing where it would have
// to move elements. Axes are matched from the back: each group of old axes that
// lies without gaps is cut anew.
std::optional<View> Reshaped(const View& from, const Shape& shape) {
  View to = from;
  to.shape = shape;
  to.strides.assign(shape.size(), 0);
  size_t i = from.shape.size(), j = shape.size();
  while (j > 0) {
    if (shape[j - 1] == 1) {
      to.strides[--j] = 1;
      continue;
    }
    while (i > 0 && from.shape[i - 1] == 1) --i;
    if (i == 0) return std::nullopt;
    // Old axes [k, i) that cover new axes [l, j).
    size_t k = i - 1, l = j - 1;
    int64_t old_extent = from.shape[k], new_extent = shape[l];
    while (old_extent != new_extent) {
      if (old_extent < new_extent) {
        if (k == 0) return std::nullopt;
        --k;
        if (from.shape[k] != 1 &&
            from.strides[k] != from.strides[i - 1] * old_extent) {
          return std::nullopt;
        }
        old_extent *= from.shape[k];
      } else {
        if (l == 0) return std::nullopt;
        new_extent *= shape[--l];
      }
    }
    int64_t stride = from.strides[i - 1];
    for (size_t axis = j; axis-- > l;) {
      to.strides[axis] = stride;
      stride *= shape[axis];
    }
    i = k;
    j = l;
  }
  return to;
}

// Where a view's integers lie: real = step * (q - zero_point).
struct Grid {
  double step = 1;
  int32_t zero_point = 0;
  DType dtype = DType::kU8;

  bool operator==(const Grid& other) const {
    return step == other.step && zero_point == other.zero_point &&
           dtype == other.dtype;
  }
};

// What one attention_fused replaces.
struct Attention {
  View query, key, value;  // [B,H,T,D], [B,H,S,D]
  ValueId mask = kNoValue;
  double scale = 1;
  // On which integers the graph puts them; all or none are read.
  std::optional<Grid> query_grid, key_grid, value_grid, weights_grid;

  bool OnGrids() const {
    return query_grid.has_value() && key_grid.has_value() &&
           value_grid.has_value() && weights_grid.has_value() && scale > 0;
  }
};

class AttentionFuser {
 public:
  AttentionFuser(const Graph& graph, AttentionUse use)
      : graph_(graph), find_(graph), use_(use), learnt_(Learnt()) {}

  absl::StatusOr<Graph> Run() {
    CopyHooks hooks;
    hooks.node = [this](GraphCopier& copier, NodeId id) {
      return CopyNode(copier, graph_.node(id));
    };
    ASSAY_ASSIGN_OR_RETURN(const Graph copy, CopyGraph(graph_, hooks));
    return PruneDead(copy);
  }

 private:
  const Shape& shape(ValueId v) const { return graph_.shape(v); }

  // By value, whether it depends on a parameter.
  std::vector<bool> Learnt() const {
    std::vector<bool> learnt(static_cast<size_t>(graph_.value_count()));
    for (size_t v = 0; v < learnt.size(); ++v) {
      const Value& value = graph_.value(static_cast<ValueId>(v));
      learnt[v] = value.kind == ValueKind::kParameter;
      if (value.producer == kNoNode) continue;
      for (const ValueId input : graph_.node(value.producer).inputs) {
        if (input == kNoValue) continue;
        learnt[v] = learnt[v] || learnt[static_cast<size_t>(input)];
      }
    }
    return learnt;
  }

  // In front of a pair of quantize_linear and dequantize_linear.
  ValueId InFrontOfGrid(ValueId v) const {
    if (use_ == AttentionUse::kTraining) return v;
    const Node* dequantize = find_.Producer(v, "dequantize_linear");
    if (dequantize == nullptr) return v;
    const Node* quantize =
        find_.Producer(dequantize->inputs[0], "quantize_linear");
    return quantize == nullptr ? v : quantize->inputs[0];
  }

  // The grid of such a pair at `v`, of one constant scale.
  std::optional<Grid> GridAt(ValueId v) const {
    if (use_ != AttentionUse::kIntegers || InFrontOfGrid(v) == v) {
      return std::nullopt;
    }
    const Node* dequantize = find_.Producer(v, "dequantize_linear");
    const Node* quantize =
        find_.Producer(dequantize->inputs[0], "quantize_linear");
    const std::optional<Grid> grid = ConstantGrid(*quantize);
    if (!grid.has_value() || ConstantGrid(*dequantize) != grid) {
      return std::nullopt;
    }
    return grid;
  }

  std::optional<Grid> ConstantGrid(const Node& node) const {
    const Tensor* scale = find_.Constant(node.inputs[1]);
    const Tensor* zero = find_.Constant(node.inputs[2]);
    if (scale == nullptr || scale->size() != 1 || zero == nullptr ||
        scale->dtype() != DType::kF32) {
      return std::nullopt;
    }
    const ValueId integers =
        node.op == "quantize_linear" ? node.outputs[0] : node.inputs[0];
    return Grid{static_cast<double>(*scale->data<float>()),
                *zero->data<int32_t>(), graph_.type(integers).dtype};
  }

  // --- Views

  View ViewOf(ValueId v) const {
    v = InFrontOfGrid(v);
    const NodeId producer = graph_.value(v).producer;
    if (producer == kNoNode) return Whole(graph_, v);
    const Node& node = graph_.node(producer);
    std::optional<View> view;
    if (node.op == "transpose") {
      view = Permuted(ViewOf(node.inputs[0]),
                      node.attributes.Ints("permutation", {}));
    } else if (node.op == "reshape") {
      view = Reshaped(ViewOf(node.inputs[0]), shape(v));
    } else if (node.op == "slice") {
      view = Sliced(ViewOf(node.inputs[0]), node, shape(v));
    } else if (node.op == "identity" || node.op == "dropout") {
      view = ViewOf(node.inputs[0]);
    }
    if (view.has_value() && view->repeats == 1) return *std::move(view);
    return Whole(graph_, v);
  }

  // Heads for a product: repeat_heads may come last.
  View HeadsOf(ValueId v) const {
    v = InFrontOfGrid(v);
    const Node* repeat = find_.Producer(v, "repeat_heads");
    if (repeat == nullptr) return ViewOf(v);
    View view = ViewOf(repeat->inputs[0]);
    view.repeats = repeat->attributes.Int("repeats", 1);
    view.shape = shape(v);
    return view;
  }

  static View Permuted(const View& from, const Ints& permutation) {
    View to = from;
    for (size_t i = 0; i < permutation.size(); ++i) {
      const size_t axis = static_cast<size_t>(permutation[i]);
      to.shape[i] = from.shape[axis];
      to.strides[i] = from.strides[axis];
    }
    return to;
  }

  static std::optional<View> Sliced(const View& from, const Node& slice,
                                    const Shape& shape) {
    const Ints ones(shape.size(), 1);
    if (slice.attributes.Ints("steps", ones) != ones) return std::nullopt;
    View to = from;
    to.shape = shape;
    const Ints starts = slice.attributes.Ints("starts", {});
    for (size_t i = 0; i < shape.size(); ++i) {
      const int64_t start =
          starts[i] < 0 ? starts[i] + from.shape[i] : starts[i];
      to.offset += start * from.strides[i];
    }
    return to;
  }

  // --- The pattern

  // Takes multiplications by a constant off `v`.
  ValueId WithoutScale(ValueId v, double* scale) const {
    for (;;) {
      v = InFrontOfGrid(v);
      if (!find_.ReadOnce(v)) return v;
      if (const Node* mul = find_.Producer(v, "mul")) {
        const auto is_scalar = [this](ValueId s) {
          return find_.Scalar(s).has_value();
        };
        const ValueId rest = Pattern::Beside(*mul, is_scalar);
        if (rest == kNoValue) return v;
        const ValueId factor =
            mul->inputs[0] == rest ? mul->inputs[1] : mul->inputs[0];
        *scale *= *find_.Scalar(factor);
        v = rest;
      } else if (const Node* div = find_.Producer(v, "div")) {
        const auto divisor = find_.Scalar(div->inputs[1]);
        if (!divisor.has_value()) return v;
        *scale /= *divisor;
        v = div->inputs[0];
      } else {
        return v;
      }
    }
  }

  static void ExchangeLast(View* view) {
    std::swap(view->shape[2], view->shape[3]);
    std::swap(view->strides[2], view->strides[3]);
  }

  static bool IsHeads(const View& view) {
    return view.shape.size() == 4 &&
           (view.strides[3] == 1 || view.shape[3] == 1);
  }

  // The heads in front of multiplications by constants, which become part of
  // `scale`, and their grid.
  View Scaled(ValueId v, double* scale, std::optional<Grid>* grid) const {
    double factor = 1;
    const View heads = HeadsOf(WithoutScale(v, &factor));
    *scale *= factor;
    *grid = GridAt(v);
    if (!(factor > 0)) grid->reset();
    if (grid->has_value()) (*grid)->step /= factor;
    return heads;
  }

  // scale * q k', at `v`.
  bool MatchScores(ValueId v, Attention* found) const {
    const ValueId product = WithoutScale(v, &found->scale);
    const Node* matmul = find_.OwnProducer(product, "matmul");
    if (matmul == nullptr || matmul->attributes.Int("transpose_a", 0) != 0 ||
        shape(product).size() != 4) {
      return false;
    }
    found->query = Scaled(matmul->inputs[0], &found->scale, &found->query_grid);
    found->key = Scaled(matmul->inputs[1], &found->scale, &found->key_grid);
    if (matmul->attributes.Int("transpose_b", 0) == 0 &&
        found->key.shape.size() == 4) {
      ExchangeLast(&found->key);
    }
    return IsHeads(found->query) && IsHeads(found->key);
  }

  // Scores, perhaps with a mask on top.
  bool MatchMasked(ValueId v, Attention* found) const {
    if (MatchScores(v, found)) return true;
    const Node* add = find_.OwnProducer(InFrontOfGrid(v), "add");
    if (add == nullptr) return false;
    for (const size_t i : {0, 1}) {
      *found = Attention();
      const ValueId mask = add->inputs[1 - i];
      if (MatchScores(add->inputs[i], found) && IsMask(mask, shape(v))) {
        found->mask = mask;
        return true;
      }
    }
    return false;
  }

  bool IsMask(ValueId mask, const Shape& scores) const {
    const Shape& have = shape(mask);
    if (have.size() > 4 || graph_.type(mask).dtype != DType::kF32) return false;
    if (use_ == AttentionUse::kTraining && learnt_[static_cast<size_t>(mask)]) {
      return false;
    }
    for (size_t i = 0; i < have.size(); ++i) {
      const int64_t extent = scores[4 - have.size() + i];
      if (have[i] != 1 && have[i] != extent) return false;
    }
    return true;
  }

  std::optional<Attention> Match(ValueId v) const {
    const Node* matmul = find_.OwnProducer(InFrontOfGrid(v), "matmul");
    if (matmul == nullptr || matmul->attributes.Int("transpose_a", 0) != 0) {
      return std::nullopt;
    }
    const ValueId weights = InFrontOfGrid(matmul->inputs[0]);
    const Node* softmax = find_.OwnProducer(weights, "softmax");
    const Shape& scores = shape(weights);
    if (softmax == nullptr || scores.size() != 4 ||
        graph_.type(weights).dtype != DType::kF32) {
      return std::nullopt;
    }
    const int64_t axis = softmax->attributes.Int("axis", -1);
    if (axis != -1 && axis != 3) return std::nullopt;
    Attention found;
    if (!MatchMasked(softmax->inputs[0], &found)) return std::nullopt;
    found.value = HeadsOf(matmul->inputs[1]);
    found.value_grid = GridAt(matmul->inputs[1]);
    found.weights_grid = GridAt(matmul->inputs[0]);
    if (matmul->attributes.Int("transpose_b", 0) != 0 &&
        found.value.shape.size() == 4) {
      ExchangeLast(&found.value);
    }
    if (!IsHeads(found.value) || !Fits(found, scores)) return std::nullopt;
    return found;
  }

  // No broadcast, and equal widths of keys and values.
  static bool Fits(const Attention& a, const Shape& scores) {
    const int64_t features = a.query.shape[3];
    const Shape keys = {scores[0], scores[1], scores[3], features};
    return a.query.shape == Shape{scores[0], scores[1], scores[2], features} &&
           a.query.repeats == 1 && a.key.shape == keys &&
           a.value.shape == keys && a.key.repeats == a.value.repeats;
  }

  // --- The replacement

  // 0 up to the diagonal, hidden beyond, for as many keys as queries.
  bool IsCausal(ValueId mask) const {
    const Tensor* constant = find_.Constant(mask);
    if (constant == nullptr || constant->rank() < 2) return false;
    if (constant->dtype() != DType::kF32) return false;
    const int64_t n = constant->dim(constant->rank() - 1);
    if (constant->size() != n * n || constant->dim(constant->rank() - 2) != n) {
      return false;
    }
    const float* m = constant->data<float>();
    for (int64_t t = 0; t < n; ++t) {
      for (int64_t s = 0; s < n; ++s) {
        const double value = static_cast<double>(m[t * n + s]);
        if (s <= t ? value != 0 : value > kHidden) return false;
      }
    }
    return true;
  }

  static Ints Attribute(const View& view) {
    return {view.offset, view.strides[0], view.strides[1], view.strides[2]};
  }

  absl::StatusOr<bool> CopyNode(GraphCopier& copier, const Node& node) {
    if (node.op == "reshape") return Replace(copier, node);
    if (node.op == "attention_fused") return DropMask(copier, node);
    return false;
  }

  // An attention whose mask has become known.
  absl::StatusOr<bool> DropMask(GraphCopier& copier, const Node& node) {
    if (node.inputs.size() < 4 || !IsCausal(node.inputs[3]) ||
        node.attributes.Int("causal", 0) != 0) {
      return false;
    }
    const Ints extents = node.attributes.Ints("extents", {});
    if (extents[2] != extents[3]) return false;
    Attributes attributes = node.attributes;
    attributes.Set("causal", int64_t{1});
    const ValueId result = node.outputs[0];
    copier.Set(result,
               copier.b().Op("attention_fused",
                             copier.Map(std::vector<ValueId>{
                                 node.inputs.begin(), node.inputs.begin() + 3}),
                             std::move(attributes), graph_.value(result).name));
    return true;
  }

  // The heads' results side by side: [B,H,T,D] -> [B,T,H*D].
  absl::StatusOr<bool> Replace(GraphCopier& copier, const Node& merge) {
    const ValueId heads = InFrontOfGrid(merge.inputs[0]);
    const Node* transpose = find_.OwnProducer(heads, "transpose");
    if (transpose == nullptr ||
        transpose->attributes.Ints("permutation", {}) != Ints{0, 2, 1, 3}) {
      return false;
    }
    const std::optional<Attention> found = Match(transpose->inputs[0]);
    if (!found.has_value()) return false;
    const Shape& q = found->query.shape;
    const Shape merged = {q[0], q[2], q[1] * q[3]};
    Attributes attributes = {
        {"extents", Ints{q[0], q[1], q[2], found->key.shape[2], q[3]}},
        {"query_view", Attribute(found->query)},
        {"key_view", Attribute(found->key)},
        {"value_view", Attribute(found->value)},
        {"repeats", found->key.repeats},
        {"scale", found->scale}};
    std::vector<ValueId> inputs = {copier.Map(found->query.base),
                                   copier.Map(found->key.base),
                                   copier.Map(found->value.base)};
    if (found->OnGrids()) PutOnGrids(copier, *found, &inputs, &attributes);
    if (found->mask != kNoValue) {
      Shape full = shape(found->mask);
      full.insert(full.begin(), 4 - full.size(), 1);
      inputs.push_back(copier.b().Reshape(copier.Map(found->mask), full));
    }
    const ValueId result = merge.outputs[0];
    const bool as_merged = shape(result) == merged;
    const ValueId attention =
        copier.b().Op("attention_fused", std::move(inputs),
                      std::move(attributes), graph_.value(result).name);
    copier.Set(result, as_merged
                           ? attention
                           : copier.b().Reshape(attention, shape(result)));
    return true;
  }

  // --- Integers

  // The operands as integers, if the columns of what they are views of can be
  // quantized apart.
  void PutOnGrids(GraphCopier& copier, const Attention& found,
                  std::vector<ValueId>* inputs, Attributes* attributes) const {
    const View* views[] = {&found.query, &found.key, &found.value};
    const Grid grids[] = {*found.query_grid, *found.key_grid,
                          *found.value_grid};
    std::vector<ValueId> quantized(3, kNoValue);
    for (size_t i = 0; i < 3; ++i) {
      for (size_t j = 0; j < i; ++j) {
        if (views[j]->base == views[i]->base) quantized[i] = quantized[j];
      }
      if (quantized[i] == kNoValue) {
        quantized[i] = Quantized(copier, views, grids, views[i]->base);
      }
      if (quantized[i] == kNoValue) return;
    }
    std::copy(quantized.begin(), quantized.end(), inputs->begin());
    const char* names[] = {"query", "key", "value"};
    for (size_t i = 0; i < 3; ++i) {
      attributes->Set(absl::StrCat(names[i], "_scale"), grids[i].step);
      attributes->Set(absl::StrCat(names[i], "_zero_point"),
                      int64_t{grids[i].zero_point});
    }
  }

  // `base`, each column on the grid of the operands that read it; kNoValue
  // where operands of different grids read the same.
  ValueId Quantized(GraphCopier& copier, const View* const views[3],
                    const Grid grids[3], ValueId base) const {
    const int64_t columns = shape(base).empty() ? 1 : shape(base).back();
    std::vector<const Grid*> by_column(static_cast<size_t>(columns));
    const Grid* last = nullptr;
    bool one = true;
    for (size_t i = 0; i < 3; ++i) {
      if (views[i]->base != base) continue;
      one = one && (last == nullptr || *last == grids[i]);
      if (last != nullptr && last->dtype != grids[i].dtype) return kNoValue;
      last = &grids[i];
    }
    GraphBuilder& b = copier.b();
    const std::string name = graph_.value(base).name;
    const auto quantize = [&](Tensor scale, Tensor zero) {
      return b.Op(
          "quantize_linear",
          {copier.Map(base), b.Constant(std::move(scale)),
           b.Constant(std::move(zero))},
          {{"axis", int64_t{-1}}, {"dtype", std::string(Name(last->dtype))}},
          absl::StrCat(name, ".integers"));
    };
    if (one) {
      return quantize(Tensor::From<float>({}, {static_cast<float>(last->step)}),
                      Tensor::From<int32_t>({}, {last->zero_point}));
    }
    for (size_t i = 0; i < 3; ++i) {
      if (views[i]->base == base &&
          !Claim(*views[i], &grids[i], absl::MakeSpan(by_column))) {
        return kNoValue;
      }
    }
    Tensor scale(DType::kF32, {columns}), zero(DType::kS32, {columns});
    for (size_t c = 0; c < by_column.size(); ++c) {
      const Grid& grid = by_column[c] == nullptr ? *last : *by_column[c];
      scale.data<float>()[c] = static_cast<float>(grid.step);
      zero.data<int32_t>()[c] = grid.zero_point;
    }
    return quantize(std::move(scale), std::move(zero));
  }

  // Marks the columns that the view reads, which must be the same in each row
  // and free, or of an equal grid.
  static bool Claim(const View& view, const Grid* grid,
                    absl::Span<const Grid*> by_column) {
    const int64_t columns = static_cast<int64_t>(by_column.size());
    for (const size_t axis : {0, 2}) {
      if (view.shape[axis] > 1 && view.strides[axis] % columns != 0) {
        return false;
      }
    }
    const int64_t heads = view.shape[1] / view.repeats;
    for (int64_t h = 0; h < heads; ++h) {
      const int64_t first = (view.offset + h * view.strides[1]) % columns;
      if (first + view.shape[3] > columns) return false;
      for (int64_t c = first; c < first + view.shape[3]; ++c) {
        const Grid*& have = by_column[static_cast<size_t>(c)];
        if (have != nullptr && !(*have == *grid)) return false;
        have = grid;
      }
    }
    return true;
  }

  const Graph& graph_;
  Pattern find_;
  AttentionUse use_;
  std::vector<bool> learnt_;
};

}  // namespace

absl::StatusOr<Graph> FuseAttention(const Graph& graph, AttentionUse use) {
  return AttentionFuser(graph, use).Run();
}

}  // namespace assay
