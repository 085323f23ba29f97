#include "harness/ops/quantize/group.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/ops/support/infer.h"
#include "harness/ops/support/visit.h"

namespace assay {
namespace {

absl::Status InferDequantizeU4(InferContext& context) {
  const Operand weights(context, 0, "weights"), scales(context, 1, "scales");
  const int64_t inputs = context.attributes.Int("inputs", 0);
  ASSAY_RETURN_IF_ERROR(CheckGroups(context, {0, 1, 2}, 0, inputs));
  const std::string dtype = context.attributes.Text("dtype", "f32");
  if (dtype != "f32" && dtype != "bf16") {
    return absl::InvalidArgumentError(
        absl::StrCat("dtype: expected 'f32' or 'bf16', got '", dtype, "'"));
  }
  const DType narrow = dtype == "f32" ? DType::kF32 : DType::kBF16;
  return SetResults(context,
                    {{scales.dtype() == DType::kF64 ? DType::kF64 : narrow,
                      {weights.dim(0), inputs}}});
}

absl::Status DequantizeU4Reference(ReferenceContext& context) {
  const Tensor* zero_points =
      context.inputs.size() > 2 ? context.inputs[2] : nullptr;
  Tensor* dst = context.outputs[0];
  return VisitFloat(dst->dtype(), [&]<typename T>() {
    DequantizeGroups<T>(*context.inputs[0], *context.inputs[1], zero_points,
                        dst->dim(1), dst->data<T>());
    return absl::OkStatus();
  });
}

}  // namespace

absl::Status CheckGroups(const InferContext& context,
                         const GroupOperands& operands, int64_t outputs,
                         int64_t inputs) {
  const Operand weights(context, operands.weights, "weights"),
      scales(context, operands.scales, "scales"),
      zero_points(context, operands.zero_points, "zero_points");
  ASSAY_RETURN_IF_ERROR(weights.Is(DType::kU8));
  ASSAY_RETURN_IF_ERROR(weights.HasRank(3, "[O,G,group/2]"));
  const int64_t groups = weights.dim(1), group = 2 * weights.dim(2);
  if (group < 16 || group % 16 != 0) {
    return weights.Error("groups of a multiple of 16");
  }
  const int64_t needed = inputs < 1 ? 0 : (inputs - 1) / group + 1;
  if (needed == 0 || needed != groups) {
    return weights.Error(absl::StrCat(needed, " groups of ", group, " (G) for ",
                                      inputs, " inputs"));
  }
  if (outputs > 0 && weights.dim(0) != outputs) {
    return weights.Error(absl::StrCat(outputs, " rows on axis 0"));
  }
  ASSAY_RETURN_IF_ERROR(scales.IsFloat());
  ASSAY_RETURN_IF_ERROR(scales.HasShape({weights.dim(0), groups}));
  if (!zero_points.present()) return absl::OkStatus();
  return zero_points.Has(DType::kU8, {weights.dim(0), (groups + 1) / 2});
}

OpSchema DequantizeU4Schema() {
  return {.name = "dequantize_u4",
          .min_inputs = 2,
          .max_inputs = 3,
          .operands = "weights scales [zero_points]",
          .attributes = {{"inputs", "int"}, {"dtype", "text"}},
          .infer = InferDequantizeU4,
          .reference = DequantizeU4Reference};
}

}  // namespace assay
