// Resizing, one axis after the other: every result is a weighted sum of a few
// elements whose places are known at import.
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/shape.h"
#include "harness/models/onnx/import/converter.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

struct Method {
  std::string mode, coordinates, nearest;
  double cubic = -0.75;
  bool exclude_outside = false;
};

// `length` is the result's extent before it is cut to an integer.
struct Axis {
  int64_t in = 1, out = 1;
  double scale = 1, length = 1;
};

// Where element `i` of the result lies in the source.
double Source(const Method& m, const Axis& a, int64_t i) {
  const double x = static_cast<double>(i);
  if (m.coordinates == "asymmetric") return x / a.scale;
  if (m.coordinates == "tf_half_pixel_for_nn") return (x + 0.5) / a.scale;
  if (m.coordinates == "align_corners") {
    return a.out == 1 ? 0 : x * static_cast<double>(a.in - 1) / (a.length - 1);
  }
  if (m.coordinates == "pytorch_half_pixel" && a.out == 1) return 0;
  return (x + 0.5) / a.scale - 0.5;
}

int64_t Nearest(const Method& m, const Axis& a, int64_t i) {
  const double x = Source(m, a, i);
  const double at = m.nearest == "round_prefer_ceil" ? std::floor(x + 0.5)
                    : m.nearest == "floor"           ? std::floor(x)
                    : m.nearest == "ceil"            ? std::ceil(x)
                                                     : std::ceil(x - 0.5);
  return static_cast<int64_t>(
      std::clamp(at, 0.0, static_cast<double>(a.in - 1)));
}

// Weights of the taps floor(x) - before + k, for x's fraction f.
std::vector<double> Weights(const Method& m, double f) {
  if (m.mode == "linear") return {1 - f, f};
  const double a = m.cubic;
  const auto near = [&](double t) {
    return ((a + 2) * t - (a + 3)) * t * t + 1;
  };
  const auto far = [&](double t) {
    return ((a * t - 5 * a) * t + 8 * a) * t - 4 * a;
  };
  return {far(1 + f), near(f), near(1 - f), far(2 - f)};
}

ValueId Interpolate(NodeContext& c, ValueId x, int64_t axis, const Axis& a,
                    const Method& m) {
  const size_t taps = m.mode == "linear" ? 2 : 4;
  const int64_t before = m.mode == "linear" ? 0 : 1;
  const size_t out = static_cast<size_t>(a.out);
  if (!c.MayCompute(2 * a.out * static_cast<int64_t>(taps))) return kNoValue;
  std::vector<Ints> places(taps, Ints(out));
  std::vector<std::vector<float>> weights(taps, std::vector<float>(out));
  for (size_t i = 0; i < out; ++i) {
    const double at = Source(m, a, static_cast<int64_t>(i));
    std::vector<double> w = Weights(m, at - std::floor(at));
    double total = 0;
    for (size_t k = 0; k < taps; ++k) {
      const int64_t place = static_cast<int64_t>(std::floor(at)) - before +
                            static_cast<int64_t>(k);
      const bool outside = place < 0 || place >= a.in;
      if (outside && m.exclude_outside) w[k] = 0;
      total += w[k];
      places[k][i] = std::clamp<int64_t>(place, 0, a.in - 1);
    }
    for (size_t k = 0; k < taps; ++k) {
      weights[k][i] = static_cast<float>(w[k] / total);
    }
  }
  Shape column(static_cast<size_t>(c.Rank(x)), 1);
  column[static_cast<size_t>(axis)] = a.out;
  ValueId sum = kNoValue;
  for (size_t k = 0; k < taps && c.ok(); ++k) {
    const ValueId w =
        c.Cast(c.Constant(Tensor::From<float>(column, weights[k])), c.dtype(x));
    const ValueId term = c.Mul(c.Pick(x, axis, places[k]), w);
    sum = k == 0 ? term : c.Add(sum, term);
  }
  return sum;
}

ValueId ResizeAxis(NodeContext& c, ValueId x, int64_t axis, const Axis& a,
                   const Method& m) {
  if (!c.ok() || (a.in == a.out && a.scale == 1)) return x;
  constexpr int64_t kMost = int64_t{1} << 20;
  if (a.out < 1 || a.out > kMost || a.in < 1 || !(a.scale > 1e-9)) {
    c.Invalid(absl::StrCat("axis ", axis, ": from ", a.in, " to ", a.out,
                           " elements by ", a.scale));
    return kNoValue;
  }
  if (m.mode != "nearest") return Interpolate(c, x, axis, a, m);
  Ints picked;
  for (int64_t i = 0; i < a.out; ++i) picked.push_back(Nearest(m, a, i));
  return c.Pick(x, axis, picked);
}

// By scales (operand `scales`) or sizes (operand `sizes`) of the named axes.
void ResizeBy(NodeContext& c, size_t scales, size_t sizes, const Method& m) {
  ValueId x = c.In(0);
  const bool by_size = c.Has(sizes) && sizes != scales;
  Ints axes = c.IntList("axes", {});
  if (axes.empty()) {
    for (int64_t i = 0; i < c.Rank(x); ++i) axes.push_back(i);
  }
  std::vector<double> factors;
  Ints extents;
  if (by_size) {
    extents = c.IntsIn(sizes, "the sizes");
  } else if (const Tensor* known = c.KnownIn(scales, "the scales")) {
    const Tensor wide = known->Cast(DType::kF64);
    factors.assign(wide.data<double>(), wide.data<double>() + wide.size());
  }
  if (!c.ok()) return;
  if ((by_size ? extents.size() : factors.size()) != axes.size()) {
    return c.Invalid("scales or sizes: not one per axis");
  }
  for (size_t i = 0; i < axes.size(); ++i) {
    const int64_t axis = c.Axis(axes[i], c.Rank(x));
    Axis a;
    a.in = c.Dim(x, axis);
    const double in = static_cast<double>(a.in);
    if (by_size) {
      a.out = extents[i];
      a.length = static_cast<double>(a.out);
      a.scale = a.length / in;
    } else {
      const double out = std::floor(in * factors[i]);
      a.out = out >= 1 && out < 1e9 ? static_cast<int64_t>(out) : 0;
      a.scale = factors[i];
      a.length = in * factors[i];
    }
    x = ResizeAxis(c, x, axis, a, m);
  }
  c.Out(0, x);
}

void Resize(NodeContext& c) {
  Method m;
  m.mode = c.Text("mode", "nearest");
  m.coordinates = c.Text("coordinate_transformation_mode", "half_pixel");
  m.nearest = c.Text("nearest_mode", "round_prefer_floor");
  m.cubic = c.Real("cubic_coeff_a", -0.75);
  m.exclude_outside = c.Int("exclude_outside", 0) != 0;
  if (m.mode != "nearest" && m.mode != "linear" && m.mode != "cubic") {
    return c.Refuse(absl::StrCat("attribute 'mode': '", m.mode, "'"));
  }
  constexpr std::array<const char*, 5> kCoordinates = {
      "half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric",
      "tf_half_pixel_for_nn"};
  if (std::find(kCoordinates.begin(), kCoordinates.end(), m.coordinates) ==
      kCoordinates.end()) {
    return c.Refuse(absl::StrCat(
        "attribute 'coordinate_transformation_mode': '", m.coordinates, "'"));
  }
  if (c.Int("antialias", 0) != 0) return c.Refuse("attribute 'antialias'");
  ResizeBy(c, 2, 3, m);
}

void Upsample(NodeContext& c) {
  Method m;
  m.mode = c.Text("mode", "nearest");
  m.coordinates = "asymmetric";
  m.nearest = "floor";
  if (m.mode != "nearest" && m.mode != "linear") {
    return c.Refuse(absl::StrCat("attribute 'mode': '", m.mode, "'"));
  }
  ResizeBy(c, 1, 1, m);
}

constexpr OnnxConverter kConverters[] = {
    {"Resize", 11, Resize, 1, 4,
     "antialias axes coordinate_transformation_mode cubic_coeff_a "
     "exclude_outside extrapolation_value mode nearest_mode"},
    {"Upsample", 9, Upsample, 2, 2, "mode"},
};

}  // namespace

absl::Span<const OnnxConverter> ResizeConverters() { return kConverters; }

}  // namespace assay
