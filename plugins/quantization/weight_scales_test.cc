#include "plugins/quantization/weight_scales.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay::quantization {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;

TEST(WeightScalesTest, MaxMagnitudeBecomes127) {
  const std::vector<float> w = {1.27f, -0.5f, 0.1f, -2.54f};
  EXPECT_THAT(WeightScales(w, 2, true, false),
              ElementsAre(FloatEq(0.01f), FloatEq(0.02f)));
  EXPECT_THAT(WeightScales(w, 2, false, false), ElementsAre(FloatEq(0.02f)));
}

TEST(WeightScalesTest, AZeroChannelHasASmallScaleNotZero) {
  EXPECT_THAT(WeightScales(std::vector<float>{0, 0}, 1, true, false),
              ElementsAre(FloatEq(1e-8f)));
}

TEST(WeightScalesTest, LeastErrorClipsOneOutlierAmongMany) {
  std::vector<float> w;
  for (int i = 0; i < 2000; ++i) {
    w.push_back(static_cast<float>(i % 101) / 100 - 0.5f);
  }
  w[0] = 0.9f;
  const float whole = WeightScales(w, 1, false, false)[0];
  const float best = WeightScales(w, 1, false, true)[0];
  EXPECT_LT(best, whole);
  EXPECT_GT(best, 0.5f / 127 * 0.9f);
}

}  // namespace
}  // namespace assay::quantization
