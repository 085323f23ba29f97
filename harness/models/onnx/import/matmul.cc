// Products of matrices.
#include <numeric>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/shape.h"
#include "harness/models/onnx/import/converter.h"

namespace assay {
namespace {

// What `v` transposes, where it is a node that exchanges the last two axes and
// nothing else; else kNoValue.
ValueId BeforeTranspose(NodeContext& c, ValueId v) {
  if (!c.ok() || c.graph().value(v).producer == kNoNode) return kNoValue;
  const Node& node = c.graph().node(c.graph().value(v).producer);
  std::vector<int64_t> order(static_cast<size_t>(c.Rank(v)));
  std::iota(order.begin(), order.end(), 0);
  if (node.op != "transpose" || order.size() < 2) return kNoValue;
  std::swap(order[order.size() - 1], order[order.size() - 2]);
  return node.attributes.Ints("permutation", {}) == order ? node.inputs[0]
                                                          : kNoValue;
}

// A parameter, perhaps on a grid.
bool IsLayerWeights(NodeContext& c, ValueId v) {
  if (v == kNoValue || c.Rank(v) != 2) return false;
  const Value& value = c.graph().value(v);
  if (value.kind != ValueKind::kResult) {
    return value.kind == ValueKind::kParameter;
  }
  const Node& node = c.graph().node(value.producer);
  return node.op == "dequantize_linear" &&
         c.graph().value(node.inputs[0]).kind == ValueKind::kParameter;
}

// Transposes that only stand before the product are flags of it.
ValueId Product(NodeContext& c, ValueId a, ValueId b) {
  const ValueId before_a = BeforeTranspose(c, a);
  const ValueId before_b = BeforeTranspose(c, b);
  if (c.Rank(a) >= 2 && IsLayerWeights(c, before_b)) {
    return c.Op("linear", {a, before_b});
  }
  Attributes flags;
  if (before_a != kNoValue) flags.Set("transpose_a", int64_t{1});
  if (before_b != kNoValue) flags.Set("transpose_b", int64_t{1});
  return c.Op("matmul",
              {before_a != kNoValue ? before_a : a,
               before_b != kNoValue ? before_b : b},
              flags);
}

// Vectors take part as matrices of one row or column.
void MatMul(NodeContext& c) {
  ValueId a = c.In(0);
  if (c.Rank(a) >= 2 && c.WeightsShape(1).size() == 2) {
    return c.Out(0, c.Op("linear", {a, c.TransposedWeights(1)}));
  }
  ValueId b = c.In(1);
  const bool row = c.Rank(a) == 1, column = c.Rank(b) == 1;
  if (row) a = c.Reshape(a, {1, c.Dim(a, 0)});
  if (column) b = c.Reshape(b, {c.Dim(b, 0), 1});
  const ValueId product = Product(c, a, b);
  if (!c.ok() || (!row && !column)) return c.Out(0, product);
  Shape shape = c.shape(product);
  if (column) shape.pop_back();
  if (row) shape.erase(shape.end() - (column ? 1 : 2));
  c.Out(0, c.Reshape(product, shape));
}

// alpha A B + beta C
void Gemm(NodeContext& c) {
  const double alpha = c.Real("alpha", 1), beta = c.Real("beta", 1);
  const int64_t trans_a = c.Int("transA", 0) != 0;
  const int64_t trans_b = c.Int("transB", 0) != 0;
  ValueId a = c.In(0);
  if (c.ok() && c.Rank(a) != 2) {
    return c.Invalid(absl::StrCat("operand 0: expected a matrix, got ",
                                  ToString(c.shape(a))));
  }
  ValueId product = kNoValue, bias = kNoValue;
  if (c.IsWeights(1) || trans_b) {
    if (trans_a) a = c.Transpose(a, {1, 0});
    const ValueId weights = trans_b ? c.In(1) : c.TransposedWeights(1);
    if (alpha == 1 && beta == 1 && c.Has(2)) {
      const ValueId term = c.In(2);
      if (c.shape(term) == Shape{c.Dim(weights, 0)}) bias = term;
    }
    product = bias == kNoValue ? c.Op("linear", {a, weights})
                               : c.Op("linear", {a, weights, bias});
  } else {
    product = c.Op("matmul", {a, c.In(1)},
                   {{"transpose_a", trans_a}, {"transpose_b", trans_b}});
  }
  if (alpha != 1) product = c.Scale(product, alpha);
  if (c.Has(2) && bias == kNoValue) {
    const ValueId term = c.In(2);
    product = c.Add(product, beta == 1 ? term : c.Scale(term, beta));
  }
  c.Out(0, product);
}

constexpr OnnxConverter kConverters[] = {
    {"Gemm", 7, Gemm, 2, 3, "alpha beta transA transB"},
    {"MatMul", 1, MatMul, 2, 2, ""},
};

}  // namespace

absl::Span<const OnnxConverter> MatmulConverters() { return kConverters; }

}  // namespace assay
