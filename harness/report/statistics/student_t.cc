#include "harness/report/statistics/student_t.h"

#include <cassert>
#include <cmath>

namespace assay {
namespace {

// The continued fraction of the incomplete beta function (Numerical Recipes,
// 6.4), by Lentz's method.
double BetaFraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300, kEnough = 1e-15;
  const auto away = [](double v) { return std::abs(v) < kTiny ? kTiny : v; };
  double c = 1.0, d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
  double value = d;
  for (int m = 1; m <= 1000; ++m) {
    const double k = static_cast<double>(m);
    const double even = k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k));
    d = 1.0 / away(1.0 + even * d);
    c = away(1.0 + even / c);
    value *= d * c;
    const double odd =
        -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1));
    d = 1.0 / away(1.0 + odd * d);
    c = away(1.0 + odd / c);
    value *= d * c;
    if (std::abs(d * c - 1.0) < kEnough) break;
  }
  return value;
}

// I_x(a, b), x in [0, 1].
double RegularizedBeta(double a, double b, double x) {
  if (x <= 0.0) return 0.0;
  if (x >= 1.0) return 1.0;
  const double front =
      std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
               a * std::log(x) + b * std::log1p(-x));
  return x < (a + 1.0) / (a + b + 2.0)
             ? front * BetaFraction(a, b, x) / a
             : 1.0 - front * BetaFraction(b, a, 1.0 - x) / b;
}

}  // namespace

double StudentTCdf(double t, double degrees) {
  assert(degrees > 0.0);
  // Near 0 and far from it, each in the form that cancels nothing.
  if (t * t < degrees) {
    const double middle =
        0.5 * RegularizedBeta(0.5, 0.5 * degrees, t * t / (degrees + t * t));
    return t > 0.0 ? 0.5 + middle : 0.5 - middle;
  }
  const double tail =
      0.5 * RegularizedBeta(0.5 * degrees, 0.5, degrees / (degrees + t * t));
  return t > 0.0 ? 1.0 - tail : tail;
}

double StudentTQuantile(double p, double degrees) {
  assert(p > 0.0 && p < 1.0);
  double low = -1.0, high = 1.0;
  while (StudentTCdf(low, degrees) > p) low *= 2.0;
  while (StudentTCdf(high, degrees) < p) high *= 2.0;
  for (int i = 0; i < 200 && low < high; ++i) {
    const double middle = 0.5 * (low + high);
    if (middle == low || middle == high) break;
    (StudentTCdf(middle, degrees) < p ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace assay
