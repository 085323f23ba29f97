#include "harness/ops/matmul/matmul.h"

#include <algorithm>

#include "harness/core/status_macros.h"
#include "harness/graph/gradient.h"
#include "harness/ops/matmul/gemm.h"
#include "harness/ops/support/couple.h"
#include "harness/ops/support/infer.h"
#include "harness/ops/support/strided.h"
#include "harness/ops/support/visit.h"

namespace assay {
namespace {

// An operand seen as matrices: its leading axes, and the extents and strides of
// the matrix after transposition.
struct Matrices {
  Shape leading;
  int64_t rows, columns;
  int64_t row_stride, column_stride;
};

Matrices AsMatrices(const Shape& shape, bool transposed) {
  const size_t rank = shape.size();
  Matrices m{Shape(shape.begin(), shape.end() - 2), shape[rank - 2],
             shape[rank - 1], shape[rank - 1], 1};
  if (transposed) {
    std::swap(m.rows, m.columns);
    std::swap(m.row_stride, m.column_stride);
  }
  return m;
}

bool Flag(const Attributes& attributes, absl::string_view name) {
  return attributes.Int(name, 0) != 0;
}

absl::Status InferMatmul(InferContext& context) {
  const Operand a(context, 0, "a"), b(context, 1, "b");
  ASSAY_RETURN_IF_ERROR(a.IsFloat());
  ASSAY_RETURN_IF_ERROR(b.Is(a.dtype()));
  ASSAY_RETURN_IF_ERROR(a.HasRankAtLeast(2, "[..,M,K]"));
  ASSAY_RETURN_IF_ERROR(b.HasRankAtLeast(2, "[..,K,N]"));
  const bool transpose_b = Flag(context.attributes, "transpose_b");
  const Matrices left =
      AsMatrices(a.shape(), Flag(context.attributes, "transpose_a"));
  const Matrices right = AsMatrices(b.shape(), transpose_b);
  ASSAY_RETURN_IF_ERROR(b.HasExtent(b.rank() - (transpose_b ? 1 : 2),
                                    left.columns, "K, as a has"));
  ASSAY_ASSIGN_OR_RETURN(Shape shape,
                         BroadcastShapes(left.leading, right.leading));
  shape.push_back(left.rows);
  shape.push_back(right.columns);
  return SetResults(context, {{a.dtype(), std::move(shape)}});
}

absl::Status MatmulReference(ReferenceContext& context) {
  const Tensor& a = *context.inputs[0];
  const Tensor& b = *context.inputs[1];
  Tensor& dst = *context.outputs[0];
  const Matrices left =
      AsMatrices(a.shape(), Flag(context.attributes, "transpose_a"));
  const Matrices right =
      AsMatrices(b.shape(), Flag(context.attributes, "transpose_b"));
  const Shape leading(dst.shape().begin(), dst.shape().end() - 2);
  const int64_t m = left.rows, k = left.columns, n = right.columns;
  return VisitFloat(a.dtype(), [&]<typename T>() {
    WalkStrided<3>(
        leading,
        {RowMajorStrides(leading), BroadcastStrides(left.leading, leading),
         BroadcastStrides(right.leading, leading)},
        [&](const std::array<int64_t, 3>& at) {
          T* to = dst.data<T>() + at[0] * m * n;
          Gemm<double, T>({a.data<T>() + at[1] * m * k, left.row_stride,
                           left.column_stride},
                          {b.data<T>() + at[2] * k * n, right.row_stride,
                           right.column_stride},
                          m, n, k, [&](int64_t i, const double* sums) {
                            std::transform(
                                sums, sums + n, to + i * n,
                                [](double s) { return static_cast<T>(s); });
                          });
        });
    return absl::OkStatus();
  });
}

// With A and B the matrices after transposition, dA = dC B' and dB = A' dC; a
// transposed operand takes the transpose of that.
absl::Status MatmulGradient(GradientBuilder& g) {
  const ValueId a = g.input(0), b = g.input(1), dc = g.gradient();
  const bool ta = Flag(g.attributes(), "transpose_a");
  const bool tb = Flag(g.attributes(), "transpose_b");
  const auto product = [&](ValueId x, bool tx, ValueId y, bool ty) {
    return g.b().Op(
        "matmul", {x, y},
        {{"transpose_a", int64_t{tx}}, {"transpose_b", int64_t{ty}}});
  };
  if (g.needs(0)) {
    g.SetUnbroadcast(
        0, ta ? product(b, tb, dc, true) : product(dc, false, b, !tb));
  }
  if (g.needs(1)) {
    g.SetUnbroadcast(
        1, tb ? product(dc, true, a, ta) : product(a, !ta, dc, false));
  }
  return absl::OkStatus();
}

// M and N go on; K couples the operands; leading axes as in broadcasting.
void CoupleMatmul(ChannelCoupler& coupler) {
  const Node& node = coupler.node();
  const ValueId a = node.inputs[0], b = node.inputs[1], dst = node.outputs[0];
  const int rank_a = static_cast<int>(RankOf(coupler, a));
  const int rank_b = static_cast<int>(RankOf(coupler, b));
  const int rank = static_cast<int>(RankOf(coupler, dst));
  const int ta = Flag(node.attributes, "transpose_a") ? 1 : 0;
  const int tb = Flag(node.attributes, "transpose_b") ? 1 : 0;
  coupler.Same(a, rank_a - 1 - ta, b, rank_b - 2 + tb);
  coupler.Same(a, rank_a - 2 + ta, dst, rank - 2);
  coupler.Same(b, rank_b - 1 - tb, dst, rank - 1);
  ProducesIfParameter(coupler, b, rank_b - 1 - tb);
  ProducesIfParameter(coupler, a, rank_a - 2 + ta);
  for (const ValueId v : {a, b}) {
    const Shape& shape = coupler.graph().shape(v);
    const int added = rank - static_cast<int>(shape.size());
    for (int i = 0; i < static_cast<int>(shape.size()) - 2; ++i) {
      if (shape[static_cast<size_t>(i)] > 1) {
        coupler.Same(v, i, dst, added + i);
      }
    }
  }
}

int64_t MatmulMacs(const Graph& graph, const Node& node) {
  const Shape& a = graph.shape(node.inputs[0]);
  const int64_t k =
      Flag(node.attributes, "transpose_a") ? a[a.size() - 2] : a[a.size() - 1];
  return ElementCount(graph.shape(node.outputs[0])) * k;
}

}  // namespace

OpSchema MatmulSchema() {
  return {.name = "matmul",
          .min_inputs = 2,
          .max_inputs = 2,
          .operands = "a b",
          .attributes = {{"transpose_a", "int"}, {"transpose_b", "int"}},
          .infer = InferMatmul,
          .reference = MatmulReference,
          .gradient = MatmulGradient,
          .couple = CoupleMatmul,
          .macs = MatmulMacs};
}

}  // namespace assay
