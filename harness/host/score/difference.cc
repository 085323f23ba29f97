#include "harness/host/score/difference.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "harness/core/dtype.h"

namespace assay {

double Apart(double a, double b) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return 0;
  const double difference = std::abs(a - b);
  return std::isfinite(difference) ? difference
                                   : std::numeric_limits<double>::max();
}

double LargestDifference(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape()) return std::numeric_limits<double>::max();
  const Tensor x = a.Cast(DType::kF32), y = b.Cast(DType::kF32);
  double largest = 0;
  for (int64_t i = 0; i < x.size(); ++i) {
    largest = std::max(
        largest, Apart(double{x.data<float>()[i]}, double{y.data<float>()[i]}));
  }
  return largest;
}

}  // namespace assay
