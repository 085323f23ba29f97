#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/models/onnx/export/exporters.h"

namespace assay {
namespace {

constexpr size_t kScale = 1, kZeroPoint = 2;

// The zero point as the integer type that ONNX wants; none where it is not
// known before the run or does not fit.
std::optional<Tensor> ZeroPointAs(const NodeWriter& w, DType dtype) {
  const Tensor* known = w.Known(kZeroPoint);
  if (known == nullptr) return std::nullopt;
  Tensor narrow = known->Cast(dtype);
  if (!BitEqual(narrow.Cast(known->dtype()), *known)) return std::nullopt;
  return narrow;
}

bool IsZero(const Tensor& tensor) {
  return BitEqual(tensor, Tensor::Zeros(tensor.dtype(), tensor.shape()));
}

OnnxAttributes AxisOf(const NodeWriter& w) {
  if (w.rank(kScale) == 0) return {};
  return {{"axis", w.attributes().Int("axis", 0)}};
}

// A scale or zero point, of `dtype`, so that it broadcasts against src.
std::string Grid(NodeWriter& w, size_t operand, DType dtype) {
  std::string grid = w.In(operand);
  if (w.dtype(operand) != dtype) grid = w.Cast(grid, dtype);
  if (w.rank(operand) == 0) return grid;
  const int64_t axis = w.attributes().Int("axis", 0);
  Shape shape(static_cast<size_t>(w.rank(0)), 1);
  shape[static_cast<size_t>(axis < 0 ? axis + w.rank(0) : axis)] = -1;
  return w.Emit("Reshape", {grid, w.Ints(shape)});
}

// clip(round(src / scale) + zero_point, low, high), still a float.
std::string Steps(NodeWriter& w, const std::string& zero_point, double low,
                  double high) {
  const DType dtype = w.dtype(0);
  const std::string steps =
      w.Emit("Round", {w.Emit("Div", {w.In(0), Grid(w, kScale, dtype)})});
  return w.Emit("Clip", {w.Emit("Add", {steps, zero_point}),
                         w.Scalar(dtype, low), w.Scalar(dtype, high)});
}

absl::Status QuantizeLinear(NodeWriter& w) {
  const DType to = w.dst().dtype;
  std::optional<Tensor> zero_point = ZeroPointAs(w, to);
  if (w.dtype(0) == DType::kF32 && zero_point.has_value()) {
    w.Result("QuantizeLinear",
             {w.In(0), w.In(kScale), w.Constant(std::move(*zero_point))},
             AxisOf(w));
    return absl::OkStatus();
  }
  const bool is_signed = to == DType::kS8;
  const std::string q = Steps(w, Grid(w, kZeroPoint, w.dtype(0)),
                              is_signed ? -128 : 0, is_signed ? 127 : 255);
  w.Result("Cast", {q}, {{"to", static_cast<int64_t>(ToOnnxType(to))}});
  return absl::OkStatus();
}

absl::Status DequantizeLinear(NodeWriter& w) {
  std::optional<Tensor> zero_point = ZeroPointAs(w, w.dtype(0));
  if (w.dtype(kScale) == DType::kF32 && zero_point.has_value()) {
    if (w.dtype(0) != DType::kS32) {
      w.Result("DequantizeLinear",
               {w.In(0), w.In(kScale), w.Constant(std::move(*zero_point))},
               AxisOf(w));
      return absl::OkStatus();
    }
    if (IsZero(*zero_point)) {  // of s32, ONNX has no other
      w.Result("DequantizeLinear", {w.In(0), w.In(kScale)}, AxisOf(w));
      return absl::OkStatus();
    }
  }
  const std::string difference = w.Emit(
      "Sub", {w.Cast(w.In(0), DType::kS64), Grid(w, kZeroPoint, DType::kS64)});
  const DType to = w.dst_dtype();
  w.Result("Mul", {w.Cast(difference, to), Grid(w, kScale, to)});
  return absl::OkStatus();
}

// Two 4-bit integers of each byte of an operand, as s32 of `shape`.
std::string Halves(NodeWriter& w, size_t operand, const Shape& shape) {
  const std::string bytes = w.Cast(w.In(operand), DType::kS32);
  std::vector<std::string> halves;
  for (const char* op : {"Mod", "Div"}) {
    const std::string half = w.Emit(op, {bytes, w.Scalar(DType::kS32, 16)});
    halves.push_back(w.Emit("Unsqueeze", {half, w.Ints({-1})}));
  }
  return w.Emit("Reshape", {w.Emit("Concat", halves, {{"axis", int64_t{-1}}}),
                            w.Ints(shape)});
}

// In 32-bit integers: opset 17 has none of 4.
absl::Status DequantizeU4(NodeWriter& w) {
  const int64_t outputs = w.shape(0)[0], groups = w.shape(0)[1],
                group = 2 * w.shape(0)[2];
  const std::string grid = w.Ints({outputs, groups, 1});
  const auto cut = [&](const std::string& x, int64_t columns) {
    return std::vector<std::string>{x, w.Ints({0}), w.Ints({columns}),
                                    w.Ints({1})};
  };
  std::string zero_points = w.Scalar(DType::kS32, 8);
  if (w.Has(kZeroPoint)) {
    const std::string all =
        Halves(w, kZeroPoint, {outputs, 2 * w.shape(kZeroPoint)[1]});
    zero_points = w.Emit("Reshape", {w.Emit("Slice", cut(all, groups)), grid});
  }
  const DType to = w.dst_dtype();
  const std::string steps =
      w.Emit("Sub", {Halves(w, 0, {outputs, groups, group}), zero_points});
  std::string scales = w.In(kScale);
  if (w.dtype(kScale) != to) scales = w.Cast(scales, to);
  const std::string real =
      w.Emit("Mul", {w.Cast(steps, to), w.Emit("Reshape", {scales, grid})});
  w.Result("Slice",
           cut(w.Emit("Reshape", {real, w.Ints({outputs, groups * group})}),
               w.attributes().Int("inputs", 0)));
  return absl::OkStatus();
}

absl::Status FakeQuantize(NodeWriter& w) {
  const DType dtype = w.dtype(0);
  const std::string zero_point = Grid(w, kZeroPoint, dtype);
  const std::string kept =
      Steps(w, zero_point, static_cast<double>(w.attributes().Int("low", 0)),
            static_cast<double>(w.attributes().Int("high", 255)));
  w.Result("Mul", {w.Emit("Sub", {kept, zero_point}), Grid(w, kScale, dtype)});
  return absl::OkStatus();
}

absl::Status LsqQuantize(NodeWriter& w) {
  const DType dtype = w.dtype(0);
  const std::string scale = Grid(w, kScale, dtype);
  const std::string steps = w.Emit("Round", {w.Emit("Div", {w.In(0), scale})});
  const double low = static_cast<double>(w.attributes().Int("low", 0));
  const double high = static_cast<double>(w.attributes().Int("high", 255));
  const std::string kept =
      w.Emit("Clip", {steps, w.Scalar(dtype, low), w.Scalar(dtype, high)});
  w.Result("Mul", {kept, scale});
  return absl::OkStatus();
}

constexpr OnnxExporter kQuantize[] = {
    {.op = "dequantize_linear", .write = DequantizeLinear},
    {.op = "dequantize_u4", .write = DequantizeU4},
    {.op = "fake_quantize", .write = FakeQuantize},
    {.op = "lsq_quantize", .write = LsqQuantize},
    {.op = "quantize_linear", .write = QuantizeLinear},
};

}  // namespace

absl::Span<const OnnxExporter> QuantizeExporters() { return kQuantize; }

}  // namespace assay
