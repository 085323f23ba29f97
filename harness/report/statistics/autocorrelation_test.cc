#include "harness/report/statistics/autocorrelation.h"

#include <vector>

#include "gtest/gtest.h"
#include "harness/core/random.h"

namespace assay {
namespace {

// x[i] = rho x[i - 1] + noise: correlation rho^lag, so that n values tell as
// much as n (1 - rho) / (1 + rho).
std::vector<double> Autoregression(double rho, int n) {
  RandomStream random(5, "autocorrelation_test");
  std::vector<double> x(static_cast<size_t>(n));
  double last = 0.0;
  for (double& v : x) v = last = rho * last + random.Normal();
  return x;
}

TEST(AutocorrelationTest, ByHand) {
  // About the mean 2.5: -1.5, -0.5, 0.5, 1.5; squares 5; lag 1 0.75-0.25+0.75.
  EXPECT_DOUBLE_EQ(Autocorrelation({1, 2, 3, 4}, 0), 1.0);
  EXPECT_DOUBLE_EQ(Autocorrelation({1, 2, 3, 4}, 1), 1.25 / 5);
  EXPECT_EQ(Autocorrelation({1, 2, 3, 4}, 4), 0.0);
  EXPECT_EQ(Autocorrelation({2, 2, 2}, 1), 0.0);
}

TEST(AutocorrelationTest, IndependentValuesKeepTheirCount) {
  const double ess = EffectiveSampleSize(Autoregression(0.0, 20000));
  EXPECT_GT(ess, 18000);
  EXPECT_LE(ess, 20000);
}

TEST(AutocorrelationTest, AutoregressionShrinksByTheKnownFactor) {
  // (1 - 0.9) / (1 + 0.9) = 1/19.
  EXPECT_NEAR(EffectiveSampleSize(Autoregression(0.9, 100000)), 100000 / 19.0,
              800);
}

// A million values of a trend: every lag correlates, and 32 batch means tell as
// much as the whole.
TEST(AutocorrelationTest, ATrendIsWorthAFewValues) {
  std::vector<double> trend(1000000);
  for (size_t i = 0; i < trend.size(); ++i) {
    trend[i] = static_cast<double>(i);
  }
  EXPECT_NEAR(EffectiveSampleSize(trend), 32.0, 1.5);
}

TEST(AutocorrelationTest, ExtremeSeries) {
  EXPECT_EQ(EffectiveSampleSize({1, 2, 3}), 3.0);
  EXPECT_EQ(EffectiveSampleSize(std::vector<double>(50, 7.0)), 50.0);
  std::vector<double> alternating;
  for (int i = 0; i < 100; ++i) alternating.push_back(i % 2);
  EXPECT_EQ(EffectiveSampleSize(alternating), 100.0);
}

TEST(AutocorrelationTest, BlocksCoverTheCorrelationTime) {
  EXPECT_NEAR(static_cast<double>(BlockLength(Autoregression(0.0, 20000))),
              28.0, 1.0);  // the cube root
  EXPECT_GT(BlockLength(Autoregression(0.95, 20000)), 60);
  EXPECT_EQ(BlockLength({1, 2, 3}), 1);
}

}  // namespace
}  // namespace assay
