#include "harness/backend/cpu/vector16.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"

namespace assay::cpu {
namespace {

TEST(Vector16Test, RoundsToBf16AsTheScalarDoes) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float values[kLanes] = {
      0.0f,  -0.0f,       1.0f, 1.00390625f, 1e-40f, 3.4e38f, nan,    INFINITY,
      -1.0f, 1.01171875f, 0.1f, -0.3f,       65536,  1e20f,   -7e-9f, 123.456f};
  BFloat16 got[kLanes];
  StoreLanes(LoadLanes(values), got);
  for (int i = 0; i < kLanes; ++i) {
    EXPECT_EQ(got[i].bits, BFloat16(values[i]).bits) << values[i];
  }
}

TEST(Vector16Test, TouchesTheFirstLanesAlone) {
  const std::vector<float> source = {1, 2, 3};
  std::vector<float> target = {9, 9, 9, 9};
  const V16 v = LoadSome(source.data(), 3);
  EXPECT_EQ(SumLanes(v), 6);
  StoreSome(v, 3, target.data());
  EXPECT_EQ(target, std::vector<float>({1, 2, 3, 9}));
}

TEST(Vector16Test, ReluKeepsNan) {
  V16 v = Splat(-1.0f);
  v[3] = std::numeric_limits<float>::quiet_NaN();
  v[5] = 2;
  const V16 r = ReluLanes(v);
  EXPECT_EQ(r[0], 0);
  EXPECT_TRUE(std::isnan(r[3]));
  EXPECT_EQ(r[5], 2);
}

TEST(Vector16Test, MasksByAnotherVectorsSign) {
  V16 sign = {};
  sign[1] = 1;
  sign[2] = -1;
  const V16 kept = KeepPositive(Splat(5), sign);
  EXPECT_EQ(kept[0], 0);
  EXPECT_EQ(kept[1], 5);
  EXPECT_EQ(kept[2], 0);
}

}  // namespace
}  // namespace assay::cpu
