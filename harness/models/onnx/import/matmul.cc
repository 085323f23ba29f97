// Products of matrices.
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/shape.h"
#include "harness/models/onnx/import/converter.h"

namespace assay {
namespace {

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
  const ValueId product = c.Op("matmul", {a, b});
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
  if (c.IsWeights(1)) {
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
