#include "harness/report/statistics/distributions.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace assay {
namespace {

// sum of coefficient[i] * x^i.
template <int kCount>
double Polynomial(const double (&coefficient)[kCount], double x) {
  double value = 0.0;
  for (int i = kCount - 1; i >= 0; --i) value = value * x + coefficient[i];
  return value;
}

// Rational approximations of AS 241: the centre, the tails, the far tails.
constexpr double kCentreTop[] = {
    3.3871328727963666080e0,  1.3314166789178437745e+2,
    1.9715909503065514427e+3, 1.3731693765509461125e+4,
    4.5921953931549871457e+4, 6.7265770927008700853e+4,
    3.3430575583588128105e+4, 2.5090809287301226727e+3};
constexpr double kCentreBottom[] = {1.0,
                                    4.2313330701600911252e+1,
                                    6.8718700749205790830e+2,
                                    5.3941960214247511077e+3,
                                    2.1213794301586595867e+4,
                                    3.9307895800092710610e+4,
                                    2.8729085735721942674e+4,
                                    5.2264952788528545610e+3};
constexpr double kTailTop[] = {
    1.42343711074968357734e0,  4.63033784615654529590e0,
    5.76949722146069140550e0,  3.64784832476320460504e0,
    1.27045825245236838258e0,  2.41780725177450611770e-1,
    2.27238449892691845833e-2, 7.74545014278341407640e-4};
constexpr double kTailBottom[] = {1.0,
                                  2.05319162663775882187e0,
                                  1.67638483018380384940e0,
                                  6.89767334985100004550e-1,
                                  1.48103976427480074590e-1,
                                  1.51986665636164571966e-2,
                                  5.47593808499534494600e-4,
                                  1.05075007164441684324e-9};
constexpr double kFarTop[] = {
    6.65790464350110377720e0,  5.46378491116411436990e0,
    1.78482653991729133580e0,  2.96560571828504891230e-1,
    2.65321895265761230930e-2, 1.24266094738807843860e-3,
    2.71155556874348757815e-5, 2.01033439929228813265e-7};
constexpr double kFarBottom[] = {1.0,
                                 5.99832206555887937690e-1,
                                 1.36929880922735805310e-1,
                                 1.48753612908506148525e-2,
                                 7.86869131145613259100e-4,
                                 1.84631831751005468180e-5,
                                 1.42151175831644588870e-7,
                                 2.04426310338993978564e-15};

}  // namespace

double NormalCdf(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

double NormalQuantile(double p) {
  assert(p > 0.0 && p < 1.0);
  const double q = p - 0.5;
  if (std::abs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * Polynomial(kCentreTop, r) / Polynomial(kCentreBottom, r);
  }
  const double r = std::sqrt(-std::log(std::min(p, 1.0 - p)));
  const double z =
      r <= 5.0
          ? Polynomial(kTailTop, r - 1.6) / Polynomial(kTailBottom, r - 1.6)
          : Polynomial(kFarTop, r - 5.0) / Polynomial(kFarBottom, r - 5.0);
  return q < 0.0 ? -z : z;
}

double NormalTwoSided(double z) {
  return std::erfc(std::abs(z) / std::sqrt(2.0));
}

double BinomialCdf(int64_t k, int64_t n, double p) {
  assert(n >= 0 && p > 0.0 && p < 1.0);
  if (k < 0) return 0.0;
  if (k >= n) return 1.0;
  const double log_odds = std::log(p) - std::log1p(-p);
  double log_term = static_cast<double>(n) * std::log1p(-p);
  double sum = std::exp(log_term);
  for (int64_t i = 0; i < k; ++i) {
    log_term +=
        std::log(static_cast<double>(n - i) / static_cast<double>(i + 1)) +
        log_odds;
    sum += std::exp(log_term);
  }
  return std::min(sum, 1.0);
}

}  // namespace assay
