#include "harness/models/compose/resample.h"

#include <string>
#include <utility>
#include <vector>

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

ValueId Unfold(GraphBuilder& b, ValueId src, const PatchOptions& o) {
  if (!HasRank(b, src, 4, "unfold")) return kNoValue;
  const ValueId padded = b.Op("pad", {src},
                              {{"before", Ints{0, 0, o.pads[0], o.pads[1]}},
                               {"after", Ints{0, 0, o.pads[2], o.pads[3]}}});
  if (!b.ok()) return kNoValue;
  const Shape s = b.shape(padded);
  Ints out;
  for (size_t i = 0; i < 2; ++i) {
    const int64_t reach = (o.kernel[i] - 1) * o.dilations[i] + 1;
    if (o.kernel[i] < 1 || o.strides[i] < 1 || o.dilations[i] < 1 ||
        reach > s[i + 2]) {
      b.Fail(absl::InvalidArgumentError(absl::StrCat(
          "unfold: expected a kernel that fits into the padded source ",
          ToString(s), ", got one that reaches over ", reach)));
      return kNoValue;
    }
    out.push_back((s[i + 2] - reach) / o.strides[i] + 1);
  }
  std::vector<ValueId> taps;  // [N,C,1,OH*OW] each
  for (int64_t y = 0; y < o.kernel[0]; ++y) {
    for (int64_t x = 0; x < o.kernel[1]; ++x) {
      const int64_t top = y * o.dilations[0], left = x * o.dilations[1];
      const ValueId tap =
          b.Op("slice", {padded},
               {{"starts", Ints{0, 0, top, left}},
                {"ends", Ints{INT64_MAX, INT64_MAX,
                              top + (out[0] - 1) * o.strides[0] + 1,
                              left + (out[1] - 1) * o.strides[1] + 1}},
                {"steps", Ints{1, 1, o.strides[0], o.strides[1]}}});
      taps.push_back(b.Reshape(tap, {0, s[1], 1, out[0] * out[1]}));
    }
  }
  const ValueId all =
      taps.size() == 1 ? taps[0] : b.Op("concat", taps, {{"axis", int64_t{2}}});
  return b.Reshape(all, {0, s[1] * o.kernel[0] * o.kernel[1], out[0] * out[1]});
}

// One product of matrices a place: [P,N,C*kh*kw] times [P,O,C*kh*kw]'.
ValueId LocallyConnected(GraphBuilder& b, ValueId src, ValueId weights,
                         ValueId bias, const PatchOptions& options) {
  const ValueId patches = b.Transpose(Unfold(b, src, options), {2, 0, 1});
  const ValueId places = b.Op("matmul", {patches, weights},
                              {{"transpose_b", int64_t{1}}});  // [P,N,O]
  if (!b.ok()) return kNoValue;
  const Shape s = b.shape(src);
  const auto out = [&](size_t i) {
    const int64_t reach = (options.kernel[i] - 1) * options.dilations[i] + 1;
    return (s[i + 2] + options.pads[i] + options.pads[i + 2] - reach) /
               options.strides[i] +
           1;
  };
  const ValueId result = b.Reshape(b.Transpose(places, {1, 2, 0}),
                                   {0, b.shape(places)[2], out(0), out(1)});
  return bias == kNoValue ? result : b.Add(result, bias);
}

}  // namespace assay
