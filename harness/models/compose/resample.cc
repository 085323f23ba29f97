#include "harness/models/compose/resample.h"

#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

ValueId As(GraphBuilder& b, ValueId v, DType dtype) {
  return b.Op("cast", {v}, {{"dtype", std::string(Name(dtype))}});
}

// 0, 1, ..., count - 1 in f64.
ValueId Count(GraphBuilder& b, int64_t count) {
  const ValueId ones = b.Op("broadcast_to", {b.Scalar(DType::kF64, 1)},
                            {{"shape", Ints{count}}});
  return b.Offset(b.Op("cumsum", {ones}, {{"axis", int64_t{0}}}), -1);
}

// Rows of `axis` at `positions` (f64, whole numbers), kept inside [0, extent).
ValueId PickRows(GraphBuilder& b, ValueId src, int64_t axis,
                 ValueId positions) {
  if (!b.ok()) return kNoValue;
  const double last =
      static_cast<double>(b.shape(src)[static_cast<size_t>(axis)] - 1);
  const ValueId inside =
      b.Op("clip", {positions}, {{"low", 0.0}, {"high", last}});
  return b.Op("gather", {src, As(b, inside, DType::kS32)}, {{"axis", axis}});
}

// c0 + c1 t + c2 t^2 + c3 t^3.
ValueId Cubic(GraphBuilder& b, ValueId t, std::array<double, 4> c) {
  ValueId sum = b.Scale(t, c[3]);
  for (const int i : {2, 1}) {
    sum = b.Mul(b.Offset(sum, c[static_cast<size_t>(i)]), t);
  }
  return b.Offset(sum, c[0]);
}

// Weights of the taps floor(x) - before + k for x's fraction t.
std::vector<ValueId> TapWeights(GraphBuilder& b, ValueId t,
                                Interpolation interpolation) {
  if (interpolation == Interpolation::kLinear) {
    return {b.Offset(b.Op("neg", {t}), 1), t};
  }
  const double a = interpolation == Interpolation::kCubic ? -0.75 : -0.5;
  return {Cubic(b, t, {0, a, -2 * a, a}), Cubic(b, t, {1, 0, -a - 3, a + 2}),
          Cubic(b, t, {0, -a, 2 * a + 3, -a - 2}), Cubic(b, t, {0, 0, a, -a})};
}

ValueId ResizeAxis(GraphBuilder& b, ValueId src, int64_t axis, int64_t out,
                   Interpolation interpolation) {
  if (!b.ok()) return kNoValue;
  const Shape shape = b.shape(src);
  const int64_t in = shape[static_cast<size_t>(axis)];
  if (in == out) return src;
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const ValueId index = Count(b, out);
  if (interpolation == Interpolation::kNearest) {
    // Half a step of i * in / out away from where rounding could matter.
    const double half = 0.5 / static_cast<double>(out);
    return PickRows(b, src, axis,
                    b.Op("floor", {b.Offset(b.Scale(index, scale), half)}));
  }
  const ValueId at = b.Offset(b.Scale(b.Offset(index, 0.5), scale), -0.5);
  const ValueId below = b.Op("floor", {at});
  const std::vector<ValueId> weights =
      TapWeights(b, b.Sub(at, below), interpolation);
  Shape column(shape.size(), 1);
  column[static_cast<size_t>(axis)] = out;
  const double before = weights.size() == 2 ? 0 : 1;
  ValueId sum = kNoValue;
  for (size_t k = 0; k < weights.size() && b.ok(); ++k) {
    const ValueId taken = PickRows(
        b, src, axis, b.Offset(below, static_cast<double>(k) - before));
    const ValueId weight = b.Reshape(As(b, weights[k], b.dtype(src)), column);
    const ValueId term = b.Mul(taken, weight);
    sum = k == 0 ? term : b.Add(sum, term);
  }
  return sum;
}

bool HasRank(GraphBuilder& b, ValueId src, size_t rank, const char* function) {
  if (!b.ok()) return false;
  if (b.shape(src).size() == rank) return true;
  b.Fail(absl::InvalidArgumentError(
      absl::StrCat(function, ": expected a source of rank ", rank, ", got ",
                   ToString(b.graph().type(src)))));
  return false;
}

ValueId ConstantLike(GraphBuilder& b, const Tensor& value, ValueId like) {
  if (!b.ok()) return kNoValue;
  return b.Constant(value.Cast(b.dtype(like)));
}

// Frame t of [N,T,length] at t * hop; overlapping ones add up.
ValueId OverlapAdd(GraphBuilder& b, ValueId frames, int64_t hop) {
  if (!b.ok()) return kNoValue;
  const Shape s = b.shape(frames);
  const int64_t blocks = s[2] / hop;
  ValueId sum = kNoValue;
  for (int64_t k = 0; k < blocks && b.ok(); ++k) {
    const ValueId block =
        b.Op("slice", {frames},
             {{"starts", Ints{0, 0, k * hop}},
              {"ends", Ints{INT64_MAX, INT64_MAX, (k + 1) * hop}}});
    const ValueId placed = b.Op(
        "pad", {block},
        {{"before", Ints{0, k, 0}}, {"after", Ints{0, blocks - 1 - k, 0}}});
    sum = k == 0 ? placed : b.Add(sum, placed);
  }
  return b.Reshape(sum, {0, (s[1] + blocks - 1) * hop});
}

}  // namespace

ValueId Resize(GraphBuilder& b, ValueId src, std::array<int64_t, 2> extents,
               Interpolation interpolation) {
  if (!HasRank(b, src, 4, "resize")) return kNoValue;
  if (extents[0] < 1 || extents[1] < 1) {
    b.Fail(absl::InvalidArgumentError(
        absl::StrCat("resize: expected extents of at least 1, got ", extents[0],
                     " and ", extents[1])));
    return kNoValue;
  }
  return ResizeAxis(b, ResizeAxis(b, src, 2, extents[0], interpolation), 3,
                    extents[1], interpolation);
}

ValueId PadBorder(GraphBuilder& b, ValueId src, int64_t axis, int64_t before,
                  int64_t after, Border border) {
  if (!b.ok()) return kNoValue;
  const int64_t rank = static_cast<int64_t>(b.shape(src).size());
  if (axis < 0) axis += rank;
  const int64_t extent =
      axis >= 0 && axis < rank ? b.shape(src)[static_cast<size_t>(axis)] : 0;
  const bool reflect = border == Border::kReflect;
  const int64_t most = reflect ? extent - 1 : INT32_MAX;
  if (extent == 0 || before < 0 || after < 0 || before > most || after > most) {
    b.Fail(absl::InvalidArgumentError(
        absl::StrCat("pad border: expected an axis of ",
                     ToString(b.graph().type(src)), " and 0 to ", most,
                     " elements, got axis ", axis, ", ", before, ", ", after)));
    return kNoValue;
  }
  ValueId position =
      b.Offset(Count(b, before + extent + after), static_cast<double>(-before));
  if (reflect) {  // last - |last - |i||
    const double last = static_cast<double>(extent - 1);
    const ValueId mirrored = b.Op("abs", {position});
    const ValueId beyond = b.Op("abs", {b.Offset(mirrored, -last)});
    position = b.Offset(b.Op("neg", {beyond}), last);
  }
  return PickRows(b, src, axis, position);
}

// By blocks of a common divisor, so that nothing is looked up.
ValueId Frames(GraphBuilder& b, ValueId src, int64_t length, int64_t hop) {
  if (!HasRank(b, src, 2, "frames")) return kNoValue;
  const int64_t samples = b.shape(src)[1];
  if (length < 1 || hop < 1 || length > samples) {
    b.Fail(absl::InvalidArgumentError(absl::StrCat(
        "frames: expected 1 to ", samples, " samples and a hop of at least 1, ",
        "got ", length, " and ", hop)));
    return kNoValue;
  }
  const int64_t count = 1 + (samples - length) / hop;
  const int64_t block = std::gcd(length, hop);
  const int64_t whole = samples / block;
  const ValueId used =
      b.Op("slice", {src},
           {{"starts", Ints{0, 0}}, {"ends", Ints{INT64_MAX, whole * block}}});
  const ValueId blocks = b.Reshape(used, {0, whole, block});
  const int64_t step = hop / block;
  std::vector<ValueId> parts;
  for (int64_t k = 0; k < length / block && b.ok(); ++k) {
    parts.push_back(
        b.Op("slice", {blocks},
             {{"starts", Ints{0, k, 0}},
              {"ends", Ints{INT64_MAX, k + (count - 1) * step + 1, INT64_MAX}},
              {"steps", Ints{1, step, 1}}}));
  }
  if (parts.size() == 1) return parts[0];
  return b.Op("concat", std::move(parts), {{"axis", int64_t{2}}});
}

std::vector<double> HannWindow(int64_t length) {
  std::vector<double> window;
  for (int64_t i = 0; i < length; ++i) {
    window.push_back(0.5 - 0.5 * std::cos(2 * M_PI * static_cast<double>(i) /
                                          static_cast<double>(length)));
  }
  return window;
}

Tensor DftBasis(const std::vector<double>& window) {
  const int64_t n = static_cast<int64_t>(window.size()), bins = n / 2 + 1;
  Tensor basis(DType::kF64, {2 * bins, n});
  for (int64_t f = 0; f < bins; ++f) {
    for (int64_t i = 0; i < n; ++i) {
      const double angle =
          2 * M_PI * static_cast<double>(f * i % n) / static_cast<double>(n);
      const double w = window[static_cast<size_t>(i)];
      basis.data<double>()[f * n + i] = w * std::cos(angle);
      basis.data<double>()[(bins + f) * n + i] = -w * std::sin(angle);
    }
  }
  return basis;
}

Tensor InverseDftBasis(const std::vector<double>& window) {
  const int64_t n = static_cast<int64_t>(window.size()), bins = n / 2 + 1;
  Tensor basis(DType::kF64, {n, 2 * bins});
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t f = 0; f < bins; ++f) {
      const double angle =
          2 * M_PI * static_cast<double>(f * i % n) / static_cast<double>(n);
      // Every bin but the first and the middle stands for its mirror too.
      const double share = f == 0 || 2 * f == n ? 1 : 2;
      const double w =
          share * window[static_cast<size_t>(i)] / static_cast<double>(n);
      basis.data<double>()[i * 2 * bins + f] = w * std::cos(angle);
      basis.data<double>()[i * 2 * bins + bins + f] = -w * std::sin(angle);
    }
  }
  return basis;
}

Spectrum Stft(GraphBuilder& b, ValueId src, const std::vector<double>& window,
              int64_t hop) {
  const int64_t length = static_cast<int64_t>(window.size());
  const ValueId frames = Frames(b, src, length, hop);
  if (!b.ok()) return {};
  const ValueId both =
      b.Op("linear", {frames, ConstantLike(b, DftBasis(window), src)});
  const int64_t bins = length / 2 + 1;
  const auto half = [&](int64_t start) {
    return b.Op("slice", {both},
                {{"starts", Ints{0, 0, start}},
                 {"ends", Ints{INT64_MAX, INT64_MAX, start + bins}}});
  };
  return {half(0), half(bins)};
}

ValueId InverseStft(GraphBuilder& b, const Spectrum& spectrum,
                    const std::vector<double>& window, int64_t hop) {
  const int64_t length = static_cast<int64_t>(window.size());
  if (!HasRank(b, spectrum.real, 3, "inverse stft")) return kNoValue;
  if (hop < 1 || length % hop != 0) {
    b.Fail(absl::InvalidArgumentError(absl::StrCat(
        "inverse stft: expected a hop that divides ", length, ", got ", hop)));
    return kNoValue;
  }
  const ValueId both = b.Op("concat", {spectrum.real, spectrum.imaginary},
                            {{"axis", int64_t{2}}});
  const ValueId frames =
      b.Op("linear",
           {both, ConstantLike(b, InverseDftBasis(window), spectrum.real)});
  const ValueId sum = OverlapAdd(b, frames, hop);
  if (!b.ok()) return kNoValue;
  const int64_t count = b.shape(spectrum.real)[1];
  Tensor squares(DType::kF64, {1, b.shape(sum)[1]});
  std::fill_n(squares.data<double>(), squares.size(), 0.0);
  for (int64_t t = 0; t < count; ++t) {
    for (int64_t i = 0; i < length; ++i) {
      const double w = window[static_cast<size_t>(i)];
      squares.data<double>()[t * hop + i] += w * w;
    }
  }
  for (double& square : squares.span<double>()) {
    square = square > 1e-11 ? 1 / square : 1;
  }
  return b.Mul(sum, ConstantLike(b, squares, sum));
}

ValueId Power(GraphBuilder& b, const Spectrum& spectrum) {
  return b.Add(b.Op("square", {spectrum.real}),
               b.Op("square", {spectrum.imaginary}));
}

ValueId SegmentMean(GraphBuilder& b, ValueId src, ValueId indices,
                    int64_t rows) {
  if (!b.ok()) return kNoValue;
  const ValueId ones = b.Op("broadcast_to", {b.Scalar(b.dtype(src), 1)},
                            {{"shape", b.shape(indices)}});
  const Attributes attributes = {{"rows", rows}};
  const ValueId sum = b.Op("scatter_add", {indices, src}, attributes);
  const ValueId count = b.Op("scatter_add", {indices, ones}, attributes);
  if (!b.ok()) return kNoValue;
  Shape column(b.shape(sum).size(), 1);
  column[0] = rows;
  return b.Div(sum, b.Reshape(b.Op("clip", {count}, {{"low", 1.0}}), column));
}

ValueId SegmentSoftmax(GraphBuilder& b, ValueId src, ValueId indices,
                       int64_t rows) {
  const Attributes attributes = {{"rows", rows}};
  const ValueId fixed = b.Op("stop_gradient", {src});
  const std::vector<ValueId> top =
      b.Ops("scatter_max", {indices, fixed}, attributes);
  if (!b.ok()) return kNoValue;
  const ValueId powers =
      b.Op("exp", {b.Sub(src, b.Op("gather", {top[0], indices}))});
  const ValueId sums = b.Op("scatter_add", {indices, powers}, attributes);
  return b.Div(powers, b.Op("gather", {sums, indices}));
}

}  // namespace assay
