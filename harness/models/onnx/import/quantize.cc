// Quantized networks: quantize and dequantize nodes, which lowering turns into
// integer kernels, and the ops that hold several of them.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/shape.h"
#include "harness/models/onnx/import/converter.h"
#include "harness/models/onnx/import/formulas.h"

namespace assay {
namespace {

// scale [] or [C] and an s32 zero point of its shape.
struct Grid {
  ValueId scale = kNoValue, zero_point = kNoValue;
  DType dtype = DType::kU8;  // of the integers
};

Tensor Scalarized(const Tensor& t) {
  return t.rank() == 1 && t.size() == 1 ? t.Reshaped({}) : t;
}

// A known operand as it lies in the file, so that lowering sees a constant and
// no parameter.
ValueId GridPart(NodeContext& c, size_t i, DType type) {
  if (c.IsKnown(i)) {
    const Tensor* known = c.KnownIn(i, "the grid");
    return c.Constant(Scalarized(*known).Cast(type));
  }
  const ValueId v = c.In(i);
  const ValueId flat = c.shape(v) == Shape{1} ? c.Reshape(v, {}) : v;
  return c.Cast(flat, type);
}

// From operands `i` (scale) and `i` + 1 (zero point, which may be absent).
Grid GridOf(NodeContext& c, size_t i, DType preset) {
  Grid grid;
  grid.dtype = preset;
  grid.scale = GridPart(c, i, DType::kF32);
  if (c.Has(i + 1)) {
    grid.dtype = c.dtype(c.In(i + 1));
    grid.zero_point = GridPart(c, i + 1, DType::kS32);
  } else {
    grid.zero_point =
        c.Broadcast(c.Scalar(DType::kS32, 0), c.shape(grid.scale));
  }
  // A zero point for all channels, or a scale for all.
  if (c.ok() && c.shape(grid.scale) != c.shape(grid.zero_point)) {
    const bool wide = c.Rank(grid.scale) > c.Rank(grid.zero_point);
    ValueId& narrow = wide ? grid.zero_point : grid.scale;
    narrow = c.Broadcast(narrow, c.shape(wide ? grid.scale : grid.zero_point));
  }
  return grid;
}

int64_t AxisOf(NodeContext& c, const Grid& grid, int64_t axis, int64_t rank) {
  return c.Rank(grid.scale) == 0 ? 0 : c.Axis(axis, rank);
}

ValueId Dequantize(NodeContext& c, ValueId q, const Grid& grid, int64_t axis) {
  return c.Op("dequantize_linear", {q, grid.scale, grid.zero_point},
              {{"axis", AxisOf(c, grid, axis, c.Rank(q))}});
}

ValueId Quantize(NodeContext& c, ValueId x, const Grid& grid, int64_t axis) {
  if (c.ok() && grid.dtype != DType::kU8 && grid.dtype != DType::kS8) {
    c.Refuse(absl::StrCat("the zero point: ", Name(grid.dtype)));
  }
  return c.Op("quantize_linear", {x, grid.scale, grid.zero_point},
              {{"axis", AxisOf(c, grid, axis, c.Rank(x))},
               {"dtype", std::string(Name(grid.dtype))}});
}

void QuantizeLinear(NodeContext& c) {
  const ValueId x = c.In(0);
  const Grid grid = GridOf(c, 1, DType::kU8);
  c.Out(0, Quantize(c, x, grid, c.Int("axis", 1)));
}

void DequantizeLinear(NodeContext& c) {
  const Grid grid = GridOf(c, 1, DType::kS8);
  const int64_t axis = c.Int("axis", 1);
  if (!c.ok()) return;
  const Tensor* scale = c.Known(grid.scale);
  const Tensor* zero = c.Known(grid.zero_point);
  if (scale != nullptr && zero != nullptr && c.IsWeights(0)) {
    const int64_t rank = static_cast<int64_t>(c.WeightsShape(0).size());
    const PendingGrid pending{*scale, *zero, AxisOf(c, grid, axis, rank)};
    if (!c.ok() || c.OutPending(pending)) return;
  }
  c.Out(0, Dequantize(c, c.In(0), grid, axis));
}

// The range of x with 0 in it, on the grid of u8.
void DynamicQuantizeLinear(NodeContext& c) {
  const ValueId x = c.In(0), zero = c.Scalar(DType::kF32, 0);
  const ValueId high = c.Op("maximum", {c.Op("reduce_max", {x}), zero});
  const ValueId low =
      c.Op("maximum", {c.Op("reduce_max", {c.Op("neg", {x})}), zero});
  Grid grid;
  grid.scale = c.Scale(c.Add(high, low), 1.0 / 255);
  const ValueId raw =
      c.Op("clip", {c.Div(low, grid.scale)}, {{"low", 0.0}, {"high", 255.0}});
  grid.zero_point = c.Cast(raw, DType::kS32);
  c.Out(0, Quantize(c, x, grid, 0));
  c.Out(1, grid.scale);
  c.Out(2, c.Cast(grid.zero_point, DType::kU8));
}

// a a_scale a_zero b b_scale b_zero y_scale y_zero
void QLinearMatMul(NodeContext& c) {
  const ValueId a = Dequantize(c, c.In(0), GridOf(c, 1, DType::kU8), 0);
  const ValueId b = Dequantize(c, c.In(3), GridOf(c, 4, DType::kU8), 0);
  const ValueId y = c.Op("matmul", {a, b});
  c.Out(0, Quantize(c, y, GridOf(c, 6, DType::kU8), 0));
}

ValueId ConvOf(NodeContext& c, ValueId x, ValueId weights, ValueId bias) {
  if (!c.ok()) return kNoValue;
  if (c.Rank(weights) != 4) {
    c.Refuse(absl::StrCat("weights ", ToString(c.shape(weights)),
                          ": two spatial axes are known"));
    return kNoValue;
  }
  const WindowAttributes w =
      Windows(c, x, {c.Dim(weights, 2), c.Dim(weights, 3)});
  std::vector<ValueId> operands = {x, weights};
  if (bias != kNoValue) operands.push_back(bias);
  return c.Op("conv2d", operands,
              {{"strides", w.strides},
               {"pads", w.pads},
               {"dilations", w.dilations},
               {"groups", c.Int("group", 1)}});
}

// x x_scale x_zero w w_scale w_zero y_scale y_zero [bias]
void QLinearConv(NodeContext& c) {
  const Grid source = GridOf(c, 1, DType::kU8);
  const Grid filter = GridOf(c, 4, DType::kS8);
  const ValueId x = Dequantize(c, c.In(0), source, 0);
  const ValueId w = Dequantize(c, c.In(3), filter, 0);
  ValueId bias = kNoValue;
  if (c.Has(8)) {
    bias =
        c.Mul(c.Cast(c.In(8), DType::kF32), c.Mul(source.scale, filter.scale));
  }
  const ValueId y = ConvOf(c, x, w, bias);
  c.Out(0, Quantize(c, y, GridOf(c, 6, DType::kU8), 0));
}

// Integers less their zero point, as reals; operands `i` and `z`.
ValueId Centered(NodeContext& c, size_t i, size_t z) {
  const ValueId x = c.Cast(c.In(i), DType::kF32);
  if (!c.Has(z)) return x;
  const ValueId zero = GridPart(c, z, DType::kF32);
  if (c.ok() && c.Rank(zero) > 0) {
    c.Refuse("a zero point for each channel");
  }
  return c.Sub(x, zero);
}

void ConvInteger(NodeContext& c) {
  const ValueId x = Centered(c, 0, 2), w = Centered(c, 1, 3);
  c.Out(0, c.Cast(ConvOf(c, x, w, kNoValue), DType::kS32));
}

void MatMulInteger(NodeContext& c) {
  const ValueId a = Centered(c, 0, 2), b = Centered(c, 1, 3);
  c.Out(0, c.Cast(c.Op("matmul", {a, b}), DType::kS32));
}

// A weights scales [zero_points] [g_idx] [bias]; weights of 4 bits by group,
// as ops/quantize/group.h has them.
void MatMulNBits(NodeContext& c) {
  const int64_t inputs = c.Int("K", 0), outputs = c.Int("N", 0);
  const int64_t bits = c.Int("bits", 4), group = c.Int("block_size", 32);
  if (!c.ok()) return;
  if (bits != 4) return c.Refuse(absl::StrCat("weights of ", bits, " bits"));
  if (c.Has(4)) return c.Refuse("groups in another order (g_idx)");
  const auto within = [](int64_t n, int64_t least) {
    return n >= least && n <= (int64_t{1} << 30);
  };
  if (!within(inputs, 1) || !within(outputs, 1) || !within(group, 16)) {
    return c.Invalid(absl::StrCat(
        "expected K and N in [1, 2^30] and block_size in [16, 2^30], got ",
        inputs, ", ", outputs, " and ", group));
  }
  const ValueId x = c.In(0);
  const int64_t groups = (inputs - 1) / group + 1;
  std::vector<ValueId> grid = {
      c.ReshapedWeights(1, {outputs, groups, group / 2}),
      c.ReshapedWeights(2, {outputs, groups})};
  if (c.Has(3)) {
    grid.push_back(c.ReshapedWeights(3, {outputs, (groups + 1) / 2}));
    if (c.ok() && c.dtype(grid.back()) != DType::kU8) {
      return c.Refuse(
          absl::StrCat("zero points of ", Name(c.dtype(grid.back()))));
    }
  }
  std::vector<ValueId> operands = {
      x, c.Op("dequantize_u4", grid, {{"inputs", inputs}})};
  if (c.Has(5)) operands.push_back(c.In(5));
  c.Out(0, c.Op("linear", operands));
}

constexpr const char* kWindows =
    "auto_pad dilations group kernel_shape pads strides";

constexpr OnnxConverter kConverters[] = {
    {"ConvInteger", 10, ConvInteger, 2, 4, kWindows},
    {"DequantizeLinear", 10, DequantizeLinear, 2, 3, "axis"},
    {"DynamicQuantizeLinear", 11, DynamicQuantizeLinear, 1, 1, ""},
    {"MatMulInteger", 10, MatMulInteger, 2, 4, ""},
    {"MatMulNBits", 1, MatMulNBits, 3, 6, "K N accuracy_level bits block_size",
     "com.microsoft"},
    {"QLinearConv", 10, QLinearConv, 8, 9, kWindows},
    {"QLinearMatMul", 10, QLinearMatMul, 8, 8, ""},
    {"QuantizeLinear", 10, QuantizeLinear, 2, 3, "axis"},
};

}  // namespace

absl::Span<const OnnxConverter> QuantizeConverters() { return kConverters; }

}  // namespace assay
