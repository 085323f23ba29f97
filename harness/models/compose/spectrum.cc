#include "harness/models/compose/spectrum.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

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

Tensor MelFilters(int64_t bands, int64_t bins, double rate, double low,
                  double high) {
  const auto mel = [](double f) { return 2595 * std::log10(1 + f / 700); };
  std::vector<double> points;  // in hertz
  for (int64_t i = 0; i < bands + 2; ++i) {
    const double share =
        static_cast<double>(i) / static_cast<double>(bands + 1);
    const double m = mel(low) + share * (mel(high) - mel(low));
    points.push_back(700 * (std::pow(10, m / 2595) - 1));
  }
  Tensor filters(DType::kF64, {bands, bins});
  for (int64_t band = 0; band < bands; ++band) {
    const double left = points[static_cast<size_t>(band)],
                 peak = points[static_cast<size_t>(band) + 1],
                 right = points[static_cast<size_t>(band) + 2];
    for (int64_t k = 0; k < bins; ++k) {
      const double f =
          static_cast<double>(k) * rate / static_cast<double>(2 * (bins - 1));
      filters.data<double>()[band * bins + k] = std::max(
          0.0,
          std::min((f - left) / (peak - left), (right - f) / (right - peak)));
    }
  }
  return filters;
}

ValueId LogMel(GraphBuilder& b, ValueId power, const Tensor& filters,
               double floor) {
  const ValueId bands =
      b.Op("linear", {power, ConstantLike(b, filters, power)});
  return b.Op("log", {b.Offset(bands, floor)});
}

}  // namespace assay
