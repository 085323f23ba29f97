// Scalar formulas that elementwise and fused references share, for float and
// double, exact in the tails (no cancellation, no overflow).
#ifndef ASSAY_HARNESS_OPS_ELEMENTWISE_FORMULAS_H_
#define ASSAY_HARNESS_OPS_ELEMENTWISE_FORMULAS_H_

#include <algorithm>
#include <cmath>

namespace assay {

template <typename T>
T Sigmoid(T x) {
  if (x >= 0) return 1 / (1 + std::exp(-x));
  const T e = std::exp(x);
  return e / (1 + e);
}

template <typename T>
T Silu(T x) {
  return x * Sigmoid(x);
}

// NaN stays NaN, here and below.
template <typename T>
T Clip(T x, T low, T high) {
  return x < low ? low : (x > high ? high : x);
}

template <typename T>
T Relu(T x) {
  return x < 0 ? T(0) : x;
}

template <typename T>
T Hardswish(T x) {
  return x * Clip<T>(x + 3, 0, 6) / 6;
}

// x * Phi(x); erfc keeps the relative accuracy of Phi for negative x.
template <typename T>
T Gelu(T x) {
  return T(0.5) * x * std::erfc(-x * T(M_SQRT1_2));
}

// Phi(x) + x phi(x).
template <typename T>
T GeluSlope(T x) {
  const T phi = T(M_SQRT1_2 * M_2_SQRTPI / 2) * std::exp(T(-0.5) * x * x);
  return T(0.5) * std::erfc(-x * T(M_SQRT1_2)) + x * phi;
}

// x * (1 + tanh(u)) / 2 = x * sigmoid(2 u), u = sqrt(2/pi) (x + 0.044715 x^3).
template <typename T>
T GeluTanh(T x) {
  const T u = T(M_SQRT1_2 * M_2_SQRTPI) * (x + T(0.044715) * x * x * x);
  return x * Sigmoid(2 * u);
}

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_ELEMENTWISE_FORMULAS_H_
