#include "harness/ops/elementwise/select.h"

#include "harness/core/status_macros.h"
#include "harness/graph/gradient.h"
#include "harness/ops/elementwise/elementwise.h"
#include "harness/ops/support/couple.h"
#include "harness/ops/support/infer.h"

namespace assay {
namespace {

template <typename F>
absl::Status Compare(ReferenceContext& context, const F& f) {
  return VisitNumeric(context.inputs[0]->dtype(), [&]<typename T>() {
    MapBinary<T, bool>(context, f);
    return absl::OkStatus();
  });
}

OpSchema ComparisonSchema(std::string name,
                          absl::Status (*reference)(ReferenceContext&)) {
  OpSchema schema = BinarySchema(std::move(name), reference, nullptr);
  schema.infer = InferComparison;
  return schema;
}

absl::Status InferWhere(InferContext& context) {
  const Operand condition(context, 0, "condition"), a(context, 1, "a"),
      b(context, 2, "b");
  ASSAY_RETURN_IF_ERROR(condition.Is(DType::kBool));
  ASSAY_RETURN_IF_ERROR(a.IsNumeric());
  ASSAY_RETURN_IF_ERROR(b.Is(a.dtype()));
  ASSAY_ASSIGN_OR_RETURN(Shape shape, BroadcastShapes(a.shape(), b.shape()));
  ASSAY_ASSIGN_OR_RETURN(shape, BroadcastShapes(shape, condition.shape()));
  return SetResults(context, {{a.dtype(), std::move(shape)}});
}

absl::Status WhereReference(ReferenceContext& context) {
  const Tensor& condition = *context.inputs[0];
  const Tensor& a = *context.inputs[1];
  const Tensor& b = *context.inputs[2];
  Tensor& dst = *context.outputs[0];
  return VisitNumeric(a.dtype(), [&]<typename T>() {
    const bool* chosen = condition.data<bool>();
    const T* from_a = a.data<T>();
    const T* from_b = b.data<T>();
    T* to = dst.data<T>();
    WalkStrided<4>(dst.shape(),
                   {RowMajorStrides(dst.shape()),
                    BroadcastStrides(condition.shape(), dst.shape()),
                    BroadcastStrides(a.shape(), dst.shape()),
                    BroadcastStrides(b.shape(), dst.shape())},
                   [&](const std::array<int64_t, 4>& at) {
                     to[at[0]] = chosen[at[1]] ? from_a[at[2]] : from_b[at[3]];
                   });
    return absl::OkStatus();
  });
}

absl::Status WhereGradient(GradientBuilder& g) {
  GraphBuilder& b = g.b();
  const ValueId condition = g.input(0), dy = g.gradient();
  const ValueId zero = b.Scalar(b.dtype(dy), 0);
  if (g.needs(1)) g.SetUnbroadcast(1, b.Op("where", {condition, dy, zero}));
  if (g.needs(2)) g.SetUnbroadcast(2, b.Op("where", {condition, zero, dy}));
  return absl::OkStatus();
}

}  // namespace

OpSchema GreaterSchema() {
  return ComparisonSchema("greater", [](ReferenceContext& c) {
    return Compare(c, [](auto a, auto b) { return a > b; });
  });
}

OpSchema EqualSchema() {
  return ComparisonSchema("equal", [](ReferenceContext& c) {
    return Compare(c, [](auto a, auto b) { return a == b; });
  });
}

OpSchema WhereSchema() {
  return {.name = "where",
          .min_inputs = 3,
          .max_inputs = 3,
          .operands = "condition a b",
          .infer = InferWhere,
          .reference = WhereReference,
          .gradient = WhereGradient,
          .couple = CoupleBroadcast};
}

}  // namespace assay
