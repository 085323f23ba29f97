#include "harness/report/statistics/equivalence.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "harness/core/random.h"
#include "harness/report/statistics/distributions.h"
#include "harness/report/statistics/student_t.h"

namespace assay {
namespace {

constexpr Margin kFivePercent = {1 / 1.05, 1.05, 0.05};

std::vector<double> Series(double median, uint64_t seed) {
  RandomStream random(seed, "equivalence_test");
  std::vector<double> series;
  for (int i = 0; i < 300; ++i) {
    series.push_back(median * (0.9 + 0.2 * random.UniformDouble()));
  }
  return series;
}

// By hand: logs -0.01, 0, 0.01 have mean 0 and standard error 0.01 / sqrt(3).
TEST(EquivalenceTest, PairedRatiosAreATTestOfLogarithms) {
  const MarginTest test = TestPairedRatios(
      {std::exp(-0.01), 1.0, std::exp(0.01)}, {1 / 1.05, 1.05, 0.05});
  EXPECT_NEAR(test.estimate, 1.0, 1e-12);
  const double error = 0.01 / std::sqrt(3.0);
  EXPECT_NEAR(std::log(test.bounds.high), 2.919986 * error, 1e-7);
  EXPECT_NEAR(test.p_outside, 1 - StudentTCdf(std::log(1.05) / error, 2),
              1e-12);
  EXPECT_LT(test.p_outside, 0.05);
  EXPECT_GT(test.p_above, 0.95);
}

TEST(EquivalenceTest, AStepBeyondTheMarginIsSeenByBothTests) {
  EXPECT_LT(TestPairedRatios({1.11, 1.12, 1.10, 1.12}, kFivePercent).p_above,
            0.01);
  const MarginTest test =
      TestMedianRatio(Series(100, 1), Series(115, 2), kFivePercent, {});
  EXPECT_LT(test.p_above, 0.01);
  EXPECT_GT(test.bounds.low, 1.05);
  EXPECT_LT(
      TestMedianRatio(Series(115, 1), Series(100, 2), kFivePercent, {}).p_below,
      0.01);
}

TEST(EquivalenceTest, BoundsLieWithinExactlyWhereTheTwoTestsSaySo) {
  RandomStream random(3, "equivalence_test");
  for (int trial = 0; trial < 200; ++trial) {
    std::vector<double> ratios;
    for (int i = 0; i < 5; ++i) {
      ratios.push_back(0.93 + 0.14 * random.UniformDouble());
    }
    const MarginTest test = TestPairedRatios(ratios, kFivePercent);
    EXPECT_EQ(
        test.p_outside<kFivePercent.alpha, test.bounds.low> kFivePercent.low &&
        test.bounds.high < kFivePercent.high);
  }
}

// At the edge of the margin a wrong "within" comes as often as alpha says.
TEST(EquivalenceTest, FalseEquivalenceKeepsToItsLevel) {
  RandomStream random(4, "equivalence_test");
  int wrong = 0;
  constexpr int kTrials = 4000;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<double> ratios;
    for (int i = 0; i < 5; ++i) {
      ratios.push_back(1.05 *
                       std::exp(0.02 * static_cast<double>(random.Normal())));
    }
    wrong += TestPairedRatios(ratios, kFivePercent).p_outside < 0.05 ? 1 : 0;
  }
  EXPECT_LT(BinomialCdf(wrong - 1, kTrials, 0.05), 0.999);
  EXPECT_GT(BinomialCdf(wrong, kTrials, 0.05), 0.001);
}

// Two standard errors beyond one end of the margin.
TEST(EquivalenceTest, ALogRatioIsANormalTest) {
  const MarginTest test =
      TestLogRatio(std::log(1.05) + 0.02, 0.01, kFivePercent);
  EXPECT_NEAR(test.p_above, NormalCdf(-2), 1e-12);
  EXPECT_NEAR(test.p_outside, NormalCdf(2), 1e-12);
  EXPECT_GT(test.bounds.low, 1.05);
}

TEST(EquivalenceTest, EqualPairsAreWithin) {
  EXPECT_LT(TestPairedRatios({1.0, 1.0, 1.0}, kFivePercent).p_outside, 1e-6);
}

}  // namespace
}  // namespace assay
