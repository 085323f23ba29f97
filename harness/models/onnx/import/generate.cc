// Constants, and tensors made from shapes or a few numbers known at import.
#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/shape.h"
#include "harness/models/onnx/import/converter.h"

namespace assay {
namespace {

constexpr int64_t kMostElements = int64_t{1} << 26;

void Constant(NodeContext& c) {
  if (const OnnxTensor* tensor = c.TensorAttribute("value")) {
    if (!ToDType(tensor->type)) {
      return c.Refuse(absl::StrCat("attribute 'value': ", Name(tensor->type),
                                   " is no type of this engine"));
    }
    return c.Out(0, c.Constant(tensor->value));
  }
  if (c.HasAttribute("value_int")) {
    return c.Out(
        0, c.Constant(Tensor::From<int64_t>({}, {c.Int("value_int", 0)})));
  }
  if (c.HasAttribute("value_float")) {
    return c.Out(0, c.Scalar(DType::kF32, c.Real("value_float", 0)));
  }
  if (c.HasAttribute("value_ints")) {
    return c.Out(0, c.Ints(c.IntList("value_ints", {})));
  }
  const std::vector<float> reals = c.RealList("value_floats");
  if (reals.empty()) return c.Refuse("a constant of this kind");
  c.Out(0, c.Constant(Tensor::From<float>({static_cast<int64_t>(reals.size())},
                                          reals)));
}

void ConstantOfShape(NodeContext& c) {
  const Shape shape = c.IntsIn(0, "the shape");
  const OnnxTensor* value = c.TensorAttribute("value");
  if (!c.ok()) return;
  if (value != nullptr && (!ToDType(value->type) || value->value.size() != 1)) {
    return c.Invalid("attribute 'value': expected one element");
  }
  const Tensor one =
      value == nullptr ? Tensor::Zeros(DType::kF32, {1}) : value->value;
  int64_t size = 1;
  for (const int64_t extent : shape) {
    if (extent < 0 || __builtin_mul_overflow(size, extent, &size)) {
      return c.Invalid(absl::StrCat("the shape: ", ToString(shape)));
    }
  }
  if (size == 0) return c.Out(0, c.Constant(Tensor(one.dtype(), shape)));
  c.Out(0, c.Broadcast(c.Constant(one.Reshaped({})), shape));
}

void ShapeOf(NodeContext& c) {
  const Shape shape = c.shape(c.InOrEmpty(0));
  const int64_t rank = static_cast<int64_t>(shape.size());
  const auto place = [&](const char* name, int64_t preset) {
    const int64_t at = c.Int(name, preset);
    return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  const int64_t start = place("start", 0), end = place("end", rank);
  c.Out(0, c.Ints(start < end ? std::vector<int64_t>(shape.begin() + start,
                                                     shape.begin() + end)
                              : std::vector<int64_t>()));
}

void Size(NodeContext& c) {
  const ValueId x = c.In(0);
  c.Out(0, c.Constant(Tensor::From<int64_t>({}, {ElementCount(c.shape(x))})));
}

void Range(NodeContext& c) {
  const double start = c.RealIn(0, "the start"), end = c.RealIn(1, "the end"),
               step = c.RealIn(2, "the step");
  if (!c.ok()) return;
  const double count = std::ceil((end - start) / step);
  if (!(count >= 0 && count <= static_cast<double>(kMostElements))) {
    return c.Invalid(absl::StrCat("from ", start, " to ", end, " by ", step));
  }
  const int64_t size = static_cast<int64_t>(count);
  if (!c.MayCompute(size)) return;
  Tensor values(DType::kF64, {size});
  for (int64_t i = 0; i < size; ++i) {
    values.data<double>()[i] = start + static_cast<double>(i) * step;
  }
  c.Out(0, c.Constant(values.Cast(c.dtype(c.In(0)))));
}

// 1 where column - row is in [low, high], else 0, as [rows, columns].
Tensor Band(int64_t rows, int64_t columns, int64_t low, int64_t high) {
  Tensor band(DType::kBool, {rows, columns});
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      band.data<bool>()[i * columns + j] = j - i >= low && j - i <= high;
    }
  }
  return band;
}

void EyeLike(NodeContext& c) {
  const ValueId x = c.In(0);
  const int64_t k = c.Int("k", 0);
  const auto type = static_cast<OnnxType>(
      c.Int("dtype", static_cast<int64_t>(ToOnnxType(c.dtype(x)))));
  const std::optional<DType> dtype = ToDType(type);
  if (!c.ok()) return;
  if (!dtype || c.Rank(x) != 2 || ElementCount(c.shape(x)) > kMostElements) {
    return c.Refuse(absl::StrCat(Name(type), " of ", ToString(c.shape(x))));
  }
  c.Out(0, c.Constant(Band(c.Dim(x, 0), c.Dim(x, 1), k, k).Cast(*dtype)));
}

void Trilu(NodeContext& c) {
  const ValueId x = c.In(0);
  const bool upper = c.Int("upper", 1) != 0;
  const double k = c.Has(1) ? c.RealIn(1, "k") : 0;
  const int64_t rows = c.Dim(x, -2), columns = c.Dim(x, -1);
  if (!c.ok()) return;
  if (c.Rank(x) < 2 || !(std::abs(k) < 1e15)) {
    return c.Invalid(absl::StrCat("expected matrices, got ",
                                  ToString(c.shape(x)), " with k ", k));
  }
  if (!c.MayCompute(rows * columns)) return;
  const int64_t at = static_cast<int64_t>(k);
  constexpr int64_t kFar = int64_t{1} << 60;
  const ValueId kept =
      c.Constant(Band(rows, columns, upper ? at : -kFar, upper ? kFar : at));
  c.Out(0, c.Where(kept, x, c.Scalar(c.dtype(x), 0)));
}

void NonZero(NodeContext& c) {
  const Tensor* x = c.KnownIn(0, "the operand");
  if (x == nullptr || !c.MayCompute(x->size() * (x->rank() + 1))) return;
  const Tensor set = x->Cast(DType::kBool);
  const std::vector<int64_t> strides = RowMajorStrides(x->shape());
  std::vector<int64_t> found;
  for (int64_t i = 0; i < set.size(); ++i) {
    if (set.data<bool>()[i]) found.push_back(i);
  }
  const int64_t count = static_cast<int64_t>(found.size());
  Tensor places(DType::kS64, {x->rank(), count});
  for (int64_t axis = 0; axis < x->rank(); ++axis) {
    const size_t a = static_cast<size_t>(axis);
    for (int64_t i = 0; i < count; ++i) {
      places.data<int64_t>()[axis * count + i] =
          found[static_cast<size_t>(i)] / strides[a] % x->shape()[a];
    }
  }
  c.Out(0, c.Constant(places));
}

// a0 - a1 cos(2 pi i / n) + a2 cos(4 pi i / n)
void Window(NodeContext& c, double a0, double a1, double a2) {
  const double wanted = c.RealIn(0, "the size");
  const bool periodic = c.Int("periodic", 1) != 0;
  const auto type = static_cast<OnnxType>(
      c.Int("output_datatype", static_cast<int64_t>(OnnxType::kFloat)));
  const std::optional<DType> dtype = ToDType(type);
  if (!c.ok()) return;
  if (!dtype || !(wanted >= 1 && wanted <= 1e7)) {
    return c.Refuse(absl::StrCat("a window of ", wanted, " ", Name(type)));
  }
  const int64_t size = static_cast<int64_t>(wanted);
  if (!c.MayCompute(size)) return;
  const double n = static_cast<double>(periodic ? size : size - 1);
  Tensor window(DType::kF64, {size});
  for (int64_t i = 0; i < size; ++i) {
    const double angle = 2 * M_PI * static_cast<double>(i) / n;
    window.data<double>()[i] =
        a0 - a1 * std::cos(angle) + a2 * std::cos(2 * angle);
  }
  c.Out(0, c.Constant(window.Cast(*dtype)));
}

void HannWindow(NodeContext& c) { Window(c, 0.5, 0.5, 0); }
void HammingWindow(NodeContext& c) { Window(c, 25.0 / 46.0, 21.0 / 46.0, 0); }
void BlackmanWindow(NodeContext& c) { Window(c, 0.42, 0.5, 0.08); }

constexpr const char* kWindow = "output_datatype periodic";

constexpr OnnxConverter kConverters[] = {
    {"BlackmanWindow", 17, BlackmanWindow, 1, 1, kWindow},
    {"Constant", 1, Constant, 0, 0,
     "value value_float value_floats value_int value_ints"},
    {"ConstantOfShape", 9, ConstantOfShape, 1, 1, "value"},
    {"EyeLike", 9, EyeLike, 1, 1, "dtype k"},
    {"HammingWindow", 17, HammingWindow, 1, 1, kWindow},
    {"HannWindow", 17, HannWindow, 1, 1, kWindow},
    {"NonZero", 9, NonZero, 1, 1, ""},
    {"Range", 11, Range, 3, 3, ""},
    {"Shape", 1, ShapeOf, 1, 1, "end start"},
    {"Size", 1, Size, 1, 1, ""},
    {"Trilu", 14, Trilu, 1, 2, "upper"},
};

}  // namespace

absl::Span<const OnnxConverter> GenerateConverters() { return kConverters; }

}  // namespace assay
