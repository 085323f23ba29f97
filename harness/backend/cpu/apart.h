// How far apart results of two plans lie, for tests.
#ifndef ASSAY_HARNESS_BACKEND_CPU_APART_H_
#define ASSAY_HARNESS_BACKEND_CPU_APART_H_

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "gtest/gtest.h"
#include "harness/core/tensor.h"

namespace assay {

// The largest difference of f32 tensors as a part of the largest value of `a`;
// NaN where `b` has one.
inline float Apart(const Tensor& a, const Tensor& b) {
  EXPECT_EQ(a.shape(), b.shape());
  float largest = 0, apart = 0;
  for (int64_t i = 0; i < a.size(); ++i) {
    const float x = a.data<float>()[i], y = b.data<float>()[i];
    if (std::isnan(y)) return y;
    largest = std::max(largest, std::abs(x));
    apart = std::max(apart, std::abs(x - y));
  }
  return apart / largest;
}

}  // namespace assay

#endif  // ASSAY_HARNESS_BACKEND_CPU_APART_H_
