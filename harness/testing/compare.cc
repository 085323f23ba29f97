#include "harness/testing/compare.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace assay {
namespace {

double FloatBound(const Tensor& wide, DType dtype, int64_t terms) {
  double scale = 0;
  for (const double value : wide.span<double>()) {
    if (std::isfinite(value)) scale = std::max(scale, std::abs(value));
  }
  const double sums =
      dtype == DType::kF64 ? EpsilonOf(DType::kF64) : EpsilonOf(DType::kF32);
  return scale *
         (2 * EpsilonOf(dtype) + (4 + static_cast<double>(terms)) * sums);
}

double BoundOf(const Tensor& wide, DType dtype, int64_t terms) {
  if (IsFloat(dtype)) return FloatBound(wide, dtype, terms);
  return dtype == DType::kU8 || dtype == DType::kS8 ? 1 : 0;
}

// 0 where both are the same NaN or infinity.
double Difference(double want, double got) {
  if (std::isnan(want) && std::isnan(got)) return 0;
  if (want == got) return 0;
  const double difference = std::abs(want - got);
  return std::isnan(difference) ? INFINITY : difference;
}

}  // namespace

double EpsilonOf(DType dtype) {
  switch (dtype) {
    case DType::kF64:
      return std::ldexp(1.0, -52);
    case DType::kBF16:
      return std::ldexp(1.0, -7);
    default:
      return std::ldexp(1.0, -23);
  }
}

absl::Status CompareTensors(const Tensor& want, const Tensor& got,
                            int64_t terms) {
  if (want.dtype() != got.dtype() || want.shape() != got.shape()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "expected ", want.TypeString(), ", got ", got.TypeString()));
  }
  const Tensor wide_want = want.Cast(DType::kF64);
  const Tensor wide_got = got.Cast(DType::kF64);
  const double* a = wide_want.data<double>();
  const double* b = wide_got.data<double>();
  int64_t worst = 0;
  for (int64_t i = 1; i < want.size(); ++i) {
    if (Difference(a[i], b[i]) > Difference(a[worst], b[worst])) worst = i;
  }
  const double bound = BoundOf(wide_want, want.dtype(), terms);
  if (want.size() == 0 || Difference(a[worst], b[worst]) <= bound) {
    return absl::OkStatus();
  }
  return absl::InternalError(absl::StrCat(
      "element ", worst, " of ", want.TypeString(), ": expected ", a[worst],
      ", got ", b[worst], "; they may differ by ", bound));
}

}  // namespace assay
