#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "harness/models/onnx/export/exporters.h"

namespace assay {
namespace {

absl::Status Square(NodeWriter& w) {
  w.Result("Mul", {w.In(0), w.In(0)});
  return absl::OkStatus();
}

absl::Status Rsqrt(NodeWriter& w) {
  w.Result("Reciprocal", {w.Emit("Sqrt", {w.In(0)})});
  return absl::OkStatus();
}

absl::Status PowScalar(NodeWriter& w) {
  w.Result("Pow",
           {w.In(0), w.Scalar(w.dtype(0), w.attributes().Real("exponent", 1))});
  return absl::OkStatus();
}

absl::Status Silu(NodeWriter& w) {
  w.Result("Mul", {w.In(0), w.Emit("Sigmoid", {w.In(0)})});
  return absl::OkStatus();
}

// x/2 (1 + f), with f = erf(x / sqrt(2)) or f = tanh(sqrt(2/pi) (x + 0.044715
// x^3)).
absl::Status Gelu(NodeWriter& w) {
  const std::string x = w.In(0);
  const auto scalar = [&](double value) { return w.Scalar(w.dtype(0), value); };
  std::string f;
  if (w.attributes().Text("approximate", "none") == "tanh") {
    const std::string cube = w.Emit("Mul", {w.Emit("Mul", {x, x}), x});
    const std::string inner =
        w.Emit("Add", {x, w.Emit("Mul", {cube, scalar(0.044715)})});
    f = w.Emit("Tanh",
               {w.Emit("Mul", {inner, scalar(M_SQRT1_2 * M_2_SQRTPI)})});
  } else {
    f = w.Emit("Erf", {w.Emit("Mul", {x, scalar(M_SQRT1_2)})});
  }
  const std::string half = w.Emit("Mul", {x, scalar(0.5)});
  w.Result("Mul", {half, w.Emit("Add", {f, scalar(1)})});
  return absl::OkStatus();
}

absl::Status Relu6(NodeWriter& w) {
  w.Result("Clip", {w.In(0), w.Scalar(w.dtype(0), 0), w.Scalar(w.dtype(0), 6)});
  return absl::OkStatus();
}

absl::Status Clip(NodeWriter& w) {
  const auto bound = [&](const char* name) {
    return w.attributes().Has(name)
               ? w.Scalar(w.dtype(0), w.attributes().Real(name, 0))
               : std::string();
  };
  std::vector<std::string> inputs = {w.In(0), bound("low"), bound("high")};
  while (inputs.back().empty()) inputs.pop_back();
  w.Result("Clip", std::move(inputs));
  return absl::OkStatus();
}

absl::Status Dropout(NodeWriter& w) {
  w.Result("Dropout",
           {w.In(0), w.Scalar(DType::kF32, w.attributes().Real("rate", 0.5))});
  return absl::OkStatus();
}

// --- cast

struct Range {
  int64_t low, high;
};

template <typename T>
constexpr Range RangeOf() {
  return {std::numeric_limits<T>::min(), std::numeric_limits<T>::max()};
}

Range RangeOf(DType dtype) {
  switch (dtype) {
    case DType::kBool:
      return {0, 1};
    case DType::kS8:
      return RangeOf<int8_t>();
    case DType::kU8:
      return RangeOf<uint8_t>();
    case DType::kS32:
      return RangeOf<int32_t>();
    default:
      return RangeOf<int64_t>();
  }
}

void CastTo(NodeWriter& w, const std::string& value, DType dtype) {
  w.Result("Cast", {value}, {{"to", static_cast<int64_t>(ToOnnxType(dtype))}});
}

std::string Whole(NodeWriter& w, DType dtype, int64_t value) {
  return w.Constant(Tensor::From<int64_t>({}, {value}).Cast(dtype));
}

// Rounds half to even and saturates, NaN becomes 0. ONNX's Cast truncates and
// says nothing of what does not fit. In double, every bound but 2^63 - 1 is
// exact; there the largest double below serves, and what lies above takes the
// bound itself.
void FloatToInteger(NodeWriter& w, DType to) {
  const Range range = RangeOf(to);
  const std::string x = w.Cast(w.In(0), DType::kF64);
  const std::string zero = w.Scalar(DType::kF64, 0);
  const std::string rounded =
      w.Emit("Round", {w.Emit("Where", {w.Emit("IsNaN", {x}), zero, x})});
  const double low = static_cast<double>(range.low);
  const bool exact = to != DType::kS64;
  const double limit = static_cast<double>(range.high);  // 2^63 for s64
  const double high = exact ? limit : std::nextafter(limit, 0.0);
  const std::string kept = w.Emit("Clip", {rounded, w.Scalar(DType::kF64, low),
                                           w.Scalar(DType::kF64, high)});
  if (exact) return CastTo(w, kept, to);
  const std::string above =
      w.Emit("GreaterOrEqual", {rounded, w.Scalar(DType::kF64, limit)});
  w.Result("Where", {above, Whole(w, to, range.high), w.Cast(kept, to)});
}

absl::Status Cast(NodeWriter& w) {
  const DType from = w.dtype(0), to = w.dst().dtype;
  if (IsFloat(from) && !IsFloat(to) && to != DType::kBool) {
    FloatToInteger(w, to);
    return absl::OkStatus();
  }
  if (to == DType::kBF16 && from != DType::kF32) {
    CastTo(w, w.Cast(w.In(0), DType::kF32), to);
    return absl::OkStatus();
  }
  std::string x = w.In(0);
  if (!IsFloat(from) && from != DType::kBool && !IsFloat(to) &&
      to != DType::kBool) {
    const Range a = RangeOf(from), b = RangeOf(to);
    if (a.low < b.low || a.high > b.high) {
      x = w.Emit("Clip", {x, Whole(w, from, std::max(a.low, b.low)),
                          Whole(w, from, std::min(a.high, b.high))});
    }
  }
  CastTo(w, x, to);
  return absl::OkStatus();
}

constexpr OnnxExporter kElementwise[] = {
    {.op = "abs", .same = "Abs"},
    {.op = "add", .same = "Add"},
    {.op = "cast", .write = Cast, .moves = true},
    {.op = "ceil", .same = "Ceil"},
    {.op = "clip", .write = Clip},
    {.op = "cos", .same = "Cos"},
    {.op = "div", .same = "Div"},
    {.op = "dropout", .write = Dropout},
    {.op = "equal", .same = "Equal"},
    {.op = "erf", .same = "Erf"},
    {.op = "exp", .same = "Exp"},
    {.op = "floor", .same = "Floor"},
    {.op = "gelu", .write = Gelu},
    {.op = "gelu_slope", .refused = "a gradient"},
    {.op = "greater", .same = "Greater"},
    {.op = "hardswish", .same = "HardSwish"},
    {.op = "identity", .same = "Identity", .moves = true},
    {.op = "log", .same = "Log"},
    {.op = "maximum", .same = "Max"},
    {.op = "minimum", .same = "Min"},
    {.op = "mul", .same = "Mul"},
    {.op = "neg", .same = "Neg"},
    {.op = "pow_scalar", .write = PowScalar},
    {.op = "relu", .same = "Relu"},
    {.op = "relu6", .write = Relu6},
    {.op = "relu_backward", .refused = "a gradient"},
    {.op = "round", .same = "Round"},
    {.op = "rsqrt", .write = Rsqrt},
    {.op = "sigmoid", .same = "Sigmoid"},
    {.op = "sign", .same = "Sign"},
    {.op = "silu", .write = Silu},
    {.op = "sin", .same = "Sin"},
    {.op = "sqrt", .same = "Sqrt"},
    {.op = "square", .write = Square},
    {.op = "stop_gradient", .same = "Identity", .moves = true},
    {.op = "sub", .same = "Sub"},
    {.op = "tanh", .same = "Tanh"},
    {.op = "where", .same = "Where"},
};

}  // namespace

absl::Span<const OnnxExporter> ElementwiseExporters() { return kElementwise; }

}  // namespace assay
