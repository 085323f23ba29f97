#include "harness/ops/quantize/quantize.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/gradient.h"
#include "harness/ops/support/couple.h"
#include "harness/ops/support/infer.h"
#include "harness/ops/support/visit.h"

namespace assay {
namespace {

// Checks scale and zero_point against src.
absl::Status CheckGrid(const InferContext& context, DType scale_type) {
  const Operand src(context, 0, "src"), scale(context, 1, "scale"),
      zero_point(context, 2, "zero_point");
  if (scale.rank() == 0) {
    ASSAY_RETURN_IF_ERROR(scale.Has(scale_type, {}));
    return zero_point.Has(DType::kS32, {});
  }
  ASSAY_ASSIGN_OR_RETURN(
      const int64_t axis,
      NormalizeAxis(context.attributes.Int("axis", 0), src.rank()));
  ASSAY_RETURN_IF_ERROR(scale.Has(scale_type, {src.dim(axis)}));
  return zero_point.Has(DType::kS32, {src.dim(axis)});
}

// visit(element, index of its scale).
template <typename Visit>
void ForEachElement(const ReferenceContext& context, const Visit& visit) {
  const Tensor& src = *context.inputs[0];
  if (context.inputs[1]->rank() == 0) {
    for (int64_t i = 0; i < src.size(); ++i) visit(i, 0);
    return;
  }
  const int64_t axis = KnownAxis(context.attributes.Int("axis", 0), src.rank());
  const int64_t channels = src.dim(axis);
  const int64_t inner = ElementCount(
      absl::MakeConstSpan(src.shape()).subspan(static_cast<size_t>(axis) + 1));
  for (int64_t i = 0; i < src.size(); ++i) visit(i, i / inner % channels);
}

// --- quantize_linear

absl::Status InferQuantize(InferContext& context) {
  const Operand src(context, 0, "src");
  ASSAY_RETURN_IF_ERROR(src.IsFloat());
  ASSAY_RETURN_IF_ERROR(CheckGrid(context, StatisticsType(src.dtype())));
  const std::string dtype = context.attributes.Text("dtype", "u8");
  if (dtype != "u8" && dtype != "s8") {
    return absl::InvalidArgumentError(
        absl::StrCat("dtype: expected 'u8' or 's8', got '", dtype, "'"));
  }
  return SetResults(context,
                    {{dtype == "u8" ? DType::kU8 : DType::kS8, src.shape()}});
}

template <typename Q, typename T>
void Quantize(ReferenceContext& context) {
  const T* from = context.inputs[0]->data<T>();
  const T* scale = context.inputs[1]->data<T>();
  const int32_t* zero_point = context.inputs[2]->data<int32_t>();
  Q* to = context.outputs[0]->data<Q>();
  ForEachElement(context, [&](int64_t i, int64_t c) {
    const T steps = std::nearbyint(from[i] / scale[c]);
    const T q = std::isnan(steps) ? static_cast<T>(zero_point[c])
                                  : steps + static_cast<T>(zero_point[c]);
    to[i] = static_cast<Q>(std::clamp(q, T(std::numeric_limits<Q>::min()),
                                      T(std::numeric_limits<Q>::max())));
  });
}

absl::Status QuantizeReference(ReferenceContext& context) {
  return VisitFloat(context.inputs[0]->dtype(), [&]<typename T>() {
    if (context.outputs[0]->dtype() == DType::kU8) {
      Quantize<uint8_t, T>(context);
    } else {
      Quantize<int8_t, T>(context);
    }
    return absl::OkStatus();
  });
}

// --- dequantize_linear

absl::Status InferDequantize(InferContext& context) {
  const Operand src(context, 0, "src"), scale(context, 1, "scale");
  if (src.dtype() != DType::kU8 && src.dtype() != DType::kS8 &&
      src.dtype() != DType::kS32) {
    return src.Error("u8, s8 or s32");
  }
  ASSAY_RETURN_IF_ERROR(scale.IsFloat());
  ASSAY_RETURN_IF_ERROR(CheckGrid(context, StatisticsType(scale.dtype())));
  return SetResults(context, {{scale.dtype(), src.shape()}});
}

template <typename Q>
absl::Status Dequantize(ReferenceContext& context) {
  return VisitFloat(context.outputs[0]->dtype(), [&]<typename T>() {
    const Q* from = context.inputs[0]->data<Q>();
    const T* scale = context.inputs[1]->data<T>();
    const int32_t* zero_point = context.inputs[2]->data<int32_t>();
    T* to = context.outputs[0]->data<T>();
    ForEachElement(context, [&](int64_t i, int64_t c) {
      const int64_t steps = int64_t{from[i]} - zero_point[c];
      to[i] = static_cast<T>(steps) * scale[c];
    });
    return absl::OkStatus();
  });
}

absl::Status DequantizeReference(ReferenceContext& context) {
  switch (context.inputs[0]->dtype()) {
    case DType::kU8:
      return Dequantize<uint8_t>(context);
    case DType::kS8:
      return Dequantize<int8_t>(context);
    default:
      return Dequantize<int32_t>(context);
  }
}

// --- fake_quantize

struct Limits {
  int64_t low, high;
};

Limits LimitsOf(const Attributes& attributes) {
  return {attributes.Int("low", 0), attributes.Int("high", 255)};
}

absl::Status InferFakeQuantize(InferContext& context) {
  const Operand src(context, 0, "src");
  ASSAY_RETURN_IF_ERROR(src.IsFloat());
  ASSAY_RETURN_IF_ERROR(CheckGrid(context, StatisticsType(src.dtype())));
  const Limits limits = LimitsOf(context.attributes);
  if (limits.low >= limits.high) {
    return absl::InvalidArgumentError(absl::StrCat(
        "low, high: expected low < high, got ", limits.low, ", ", limits.high));
  }
  return SetResults(context, {src.type()});
}

absl::Status FakeQuantizeReference(ReferenceContext& context) {
  const Limits limits = LimitsOf(context.attributes);
  return VisitFloat(context.inputs[0]->dtype(), [&]<typename T>() {
    const T* from = context.inputs[0]->data<T>();
    const T* scale = context.inputs[1]->data<T>();
    const int32_t* zero_point = context.inputs[2]->data<int32_t>();
    T* to = context.outputs[0]->data<T>();
    ForEachElement(context, [&](int64_t i, int64_t c) {
      const T zero = static_cast<T>(zero_point[c]);
      const T q = std::nearbyint(from[i] / scale[c]) + zero;
      const T kept = std::clamp(q, static_cast<T>(limits.low),
                                static_cast<T>(limits.high));
      to[i] = (kept - zero) * scale[c];
    });
    return absl::OkStatus();
  });
}

// `grid` [] or [C] so that it broadcasts against src along `axis`.
ValueId AlongAxis(GradientBuilder& g, ValueId grid) {
  GraphBuilder& b = g.b();
  const Shape& src = b.shape(g.input(0));
  if (b.shape(grid).empty()) return grid;
  const int64_t axis = KnownAxis(g.attributes().Int("axis", 0),
                                 static_cast<int64_t>(src.size()));
  Shape shape(src.size(), 1);
  shape[static_cast<size_t>(axis)] = src[static_cast<size_t>(axis)];
  return b.Reshape(grid, std::move(shape));
}

absl::Status FakeQuantizeGradient(GradientBuilder& g) {
  if (!g.needs(0)) return absl::OkStatus();
  GraphBuilder& b = g.b();
  const DType type = b.dtype(g.input(1));
  const auto as = [&](ValueId v, DType dtype) {
    return b.Op("cast", {v}, {{"dtype", std::string(Name(dtype))}});
  };
  const ValueId steps =
      b.Op("round", {b.Div(as(g.input(0), type), AlongAxis(g, g.input(1)))});
  const ValueId q = b.Add(steps, as(AlongAxis(g, g.input(2)), type));
  const Limits limits = LimitsOf(g.attributes());
  const ValueId zero = b.Scalar(b.dtype(g.input(0)), 0);
  const auto outside = [&](ValueId above, ValueId below, ValueId value) {
    return b.Op("where", {b.Op("greater", {above, below}), zero, value});
  };
  const ValueId low = b.Scalar(type, static_cast<double>(limits.low));
  const ValueId high = b.Scalar(type, static_cast<double>(limits.high));
  g.Set(0, outside(low, q, outside(q, high, g.gradient())));
  return absl::OkStatus();
}

void CoupleGrid(ChannelCoupler& coupler) {
  const Node& node = coupler.node();
  const ValueId src = node.inputs[0], dst = node.outputs[0];
  const int64_t rank = RankOf(coupler, src);
  CoupleLeading(coupler, src, dst, rank);
  const int64_t axis = KnownAxis(node.attributes.Int("axis", 0), rank);
  for (const ValueId grid : {node.inputs[1], node.inputs[2]}) {
    if (RankOf(coupler, grid) == 1) {
      coupler.Same(grid, 0, dst, static_cast<int>(axis));
    }
  }
}

OpSchema GridSchema(std::string name,
                    std::map<std::string, std::string> attributes) {
  attributes["axis"] = "int";
  return {.name = std::move(name),
          .min_inputs = 3,
          .max_inputs = 3,
          .operands = "src scale zero_point",
          .attributes = std::move(attributes),
          .couple = CoupleGrid};
}

}  // namespace

OpSchema QuantizeLinearSchema() {
  OpSchema schema = GridSchema("quantize_linear", {{"dtype", "text"}});
  schema.infer = InferQuantize;
  schema.reference = QuantizeReference;
  return schema;
}

OpSchema DequantizeLinearSchema() {
  OpSchema schema = GridSchema("dequantize_linear", {});
  schema.infer = InferDequantize;
  schema.reference = DequantizeReference;
  return schema;
}

OpSchema FakeQuantizeSchema() {
  OpSchema schema =
      GridSchema("fake_quantize", {{"low", "int"}, {"high", "int"}});
  schema.infer = InferFakeQuantize;
  schema.reference = FakeQuantizeReference;
  schema.gradient = FakeQuantizeGradient;
  return schema;
}

}  // namespace assay
