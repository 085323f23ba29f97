#include "harness/report/statistics/proportion.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "harness/report/statistics/distributions.h"

namespace assay {

Bounds WilsonInterval(int64_t successes, int64_t n, double confidence) {
  assert(n >= 1 && successes >= 0 && successes <= n);
  const double z = NormalQuantile(0.5 + confidence / 2.0);
  const double count = static_cast<double>(n);
  const double p = static_cast<double>(successes) / count;
  const double scale = 1.0 + z * z / count;
  const double centre = (p + z * z / (2.0 * count)) / scale;
  const double half =
      z / scale *
      std::sqrt(p * (1.0 - p) / count + z * z / (4.0 * count * count));
  // The ends are exact at 0 and n; rounding must not move them.
  return {successes == 0 ? 0.0 : std::max(0.0, centre - half),
          successes == n ? 1.0 : std::min(1.0, centre + half)};
}

double McNemarExact(int64_t b, int64_t c) {
  assert(b >= 0 && c >= 0);
  const int64_t less = std::min(b, c);
  if (b == c) return 1.0;
  return std::min(1.0, 2.0 * BinomialCdf(less, b + c, 0.5));
}

Bounds PairedDifferenceInterval(int64_t b, int64_t c, int64_t n,
                                double confidence) {
  assert(b >= 0 && c >= 0 && b + c <= n && n >= 1);
  const double z = NormalQuantile(0.5 + confidence / 2.0);
  const double total = static_cast<double>(n) + 2.0;
  const double lost = (static_cast<double>(b) + 0.5) / total;
  const double won = (static_cast<double>(c) + 0.5) / total;
  const double difference = won - lost;
  const double half =
      z * std::sqrt((won + lost - difference * difference) / total);
  return {std::max(-1.0, difference - half), std::min(1.0, difference + half)};
}

}  // namespace assay
