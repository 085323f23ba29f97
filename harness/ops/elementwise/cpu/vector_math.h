// Elementary functions whose loops vectorise: no branches, no tables, no calls.
// Errors are a few units in the last place; NaN stays NaN.
#ifndef ASSAY_HARNESS_OPS_ELEMENTWISE_CPU_VECTOR_MATH_H_
#define ASSAY_HARNESS_OPS_ELEMENTWISE_CPU_VECTOR_MATH_H_

#include <cmath>
#include <cstdint>
#include <cstring>

#include "harness/backend/cpu/multiversion.h"

namespace assay::cpu {

ASSAY_ALWAYS_INLINE float FloatOfBits(int32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof(x));
  return x;
}

ASSAY_ALWAYS_INLINE int32_t BitsOfFloat(float x) {
  int32_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  return bits;
}

// Half to even, for |x| < 2^22.
ASSAY_ALWAYS_INLINE float RoundSmall(float x) {
  constexpr float kMagic = 12582912.0f;  // 1.5 * 2^23: the fraction falls off
  return (x + kMagic) - kMagic;
}

// Half to even; from 2^23 on floats are whole.
ASSAY_ALWAYS_INLINE float VectorRound(float x) {
  constexpr float kWhole = 8388608.0f;
  const float magnitude = x < 0 ? -x : x;
  const float rounded = (magnitude + kWhole) - kWhole;
  const float result = x < 0 ? -rounded : rounded;
  return magnitude < kWhole ? result : x;
}

ASSAY_ALWAYS_INLINE float VectorExp(float x) {
  // exp(x) = 2^n exp(r), |r| <= ln(2) / 2 (Cephes).
  const float above = x < -104.0f ? -104.0f : x;
  const float clamped = above > 89.0f ? 89.0f : above;
  const float n = RoundSmall(clamped * 1.44269504088896341f);
  float r = clamped - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  const float e = p * r * r + r + 1.0f;
  // 2^n in two factors, so that results may be subnormal or infinite.
  const int32_t whole = static_cast<int32_t>(n), half = whole >> 1;
  return e * FloatOfBits((half + 127) << 23) *
         FloatOfBits((whole - half + 127) << 23);
}

ASSAY_ALWAYS_INLINE float VectorLog(float x) {
  // x = 2^e m, m in [sqrt(1/2), sqrt(2)) (Cephes); subnormals scaled up first.
  const bool tiny = x < 1.17549435e-38f;
  const int32_t bits = BitsOfFloat(tiny ? x * 33554432.0f : x);
  int32_t e = (bits >> 23) - 126;
  float m = FloatOfBits((bits & 0x7fffff) | 0x3f000000);
  const bool low = m < 0.707106781186547524f;
  e = low ? e - 1 : e;
  m = (low ? m + m : m) - 1.0f;
  const float shift = static_cast<float>(tiny ? e - 25 : e);
  const float z = m * m;
  float p = 7.0376836292e-2f;
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  float y = p * m * z + shift * -2.12194440e-4f - 0.5f * z;
  y = m + y + shift * 0.693359375f;
  const float infinity = FloatOfBits(0x7f800000);
  y = x == 0.0f ? -infinity : y;
  y = x == infinity ? infinity : y;
  return x >= 0.0f ? y : (x < 0.0f ? FloatOfBits(0x7fc00000) : x);
}

ASSAY_ALWAYS_INLINE float VectorSigmoid(float x) {
  const float e = VectorExp(x < 0 ? x : -x);  // exp(-|x|)
  const float s = 1.0f / (1.0f + e);
  return x < 0 ? e * s : s;
}

ASSAY_ALWAYS_INLINE float VectorTanh(float x) {
  const float magnitude = x < 0 ? -x : x;
  // Far from 0 by exp, near 0 by a polynomial (Cephes).
  const float t = 1.0f - 2.0f / (VectorExp(2.0f * magnitude) + 1.0f);
  const float z = x * x;
  float p = -5.70498872745e-3f;
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  const float near_zero = p * z * x + x;
  const float far = x < 0 ? -t : t;
  return magnitude < 0.625f ? near_zero : far;
}

// erfc for x >= 0, relative error below 2e-7 (Numerical Recipes, 6.2).
ASSAY_ALWAYS_INLINE float VectorErfcPositive(float x) {
  const float t = 1.0f / (1.0f + 0.5f * x);
  float p = 0.17087277f;
  p = p * t - 0.82215223f;
  p = p * t + 1.48851587f;
  p = p * t - 1.13520398f;
  p = p * t + 0.27886807f;
  p = p * t - 0.18628806f;
  p = p * t + 0.09678418f;
  p = p * t + 0.37409196f;
  p = p * t + 1.00002368f;
  p = p * t - 1.26551223f;
  return t * VectorExp(p - x * x);
}

ASSAY_ALWAYS_INLINE float VectorErfc(float x) {
  const float tail = VectorErfcPositive(x < 0 ? -x : x);
  return x < 0 ? 2.0f - tail : tail;
}

// A quotient of polynomials in x^2 (our own fit, relative error below 2e-8
// before rounding), up to where the nearest float is 1.
ASSAY_ALWAYS_INLINE float VectorErf(float x) {
  constexpr float kOne = 3.85f;
  const float low = x < -kOne ? -kOne : x;
  const float clamped = low > kOne ? kOne : low;
  const float z = clamped * clamped;
  float p = 2.1083586100e-6f;
  p = p * z + 2.8566782865e-4f;
  p = p * z + 3.6735771957e-3f;
  p = p * z + 5.2478625772e-2f;
  p = p * z + 1.8788934874e-1f;
  p = p * z + 1.1283791512f;
  float q = 3.8732365826e-5f;
  q = q * z + 1.1454169235e-3f;
  q = q * z + 1.4784186622e-2f;
  q = q * z + 1.1312552958e-1f;
  q = q * z + 4.9984547641e-1f;
  q = q * z + 1.0f;
  const float y = clamped * p / q;
  const float above = y < -1.0f ? -1.0f : y;
  return above > 1.0f ? 1.0f : above;
}

// The same names for double, by the standard library.
inline double VectorRound(double x) { return std::nearbyint(x); }
inline double VectorExp(double x) { return std::exp(x); }
inline double VectorLog(double x) { return std::log(x); }
inline double VectorTanh(double x) { return std::tanh(x); }
inline double VectorErf(double x) { return std::erf(x); }
inline double VectorErfc(double x) { return std::erfc(x); }
inline double VectorSigmoid(double x) {
  const double e = std::exp(x < 0 ? x : -x);
  return (x < 0 ? e : 1) / (1 + e);
}

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_ELEMENTWISE_CPU_VECTOR_MATH_H_
