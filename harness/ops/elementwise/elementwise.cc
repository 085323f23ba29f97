#include "harness/ops/elementwise/elementwise.h"

#include <utility>

#include "harness/core/status_macros.h"
#include "harness/ops/support/couple.h"
#include "harness/ops/support/infer.h"

namespace assay {
namespace {

absl::StatusOr<TensorType> CommonType(const InferContext& context) {
  const Operand a(context, 0, "a"), b(context, 1, "b");
  ASSAY_RETURN_IF_ERROR(a.IsNumeric());
  ASSAY_RETURN_IF_ERROR(b.Is(a.dtype()));
  ASSAY_ASSIGN_OR_RETURN(Shape shape, BroadcastShapes(a.shape(), b.shape()));
  return TensorType{a.dtype(), std::move(shape)};
}

}  // namespace

absl::Status InferFloatUnary(InferContext& context) {
  const Operand src(context, 0, "src");
  ASSAY_RETURN_IF_ERROR(src.IsFloat());
  return SetResults(context, {src.type()});
}

absl::Status InferNumericUnary(InferContext& context) {
  const Operand src(context, 0, "src");
  ASSAY_RETURN_IF_ERROR(src.IsNumeric());
  return SetResults(context, {src.type()});
}

absl::Status InferNumericBinary(InferContext& context) {
  ASSAY_ASSIGN_OR_RETURN(TensorType type, CommonType(context));
  return SetResults(context, {std::move(type)});
}

absl::Status InferComparison(InferContext& context) {
  ASSAY_ASSIGN_OR_RETURN(TensorType type, CommonType(context));
  type.dtype = DType::kBool;
  return SetResults(context, {std::move(type)});
}

OpSchema UnarySchema(std::string name,
                     absl::Status (*reference)(ReferenceContext&),
                     absl::Status (*gradient)(GradientBuilder&)) {
  return {.name = std::move(name),
          .operands = "src",
          .infer = InferFloatUnary,
          .reference = reference,
          .gradient = gradient,
          .couple = CoupleBroadcast};
}

OpSchema BinarySchema(std::string name,
                      absl::Status (*reference)(ReferenceContext&),
                      absl::Status (*gradient)(GradientBuilder&)) {
  return {.name = std::move(name),
          .min_inputs = 2,
          .max_inputs = 2,
          .operands = "a b",
          .infer = InferNumericBinary,
          .reference = reference,
          .gradient = gradient,
          .couple = CoupleBroadcast};
}

}  // namespace assay
