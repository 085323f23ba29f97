#include "harness/report/statistics/quantile_bound.h"

#include <algorithm>
#include <vector>

#include "gtest/gtest.h"
#include "harness/core/random.h"

namespace assay {
namespace {

// 64 and 662 are also what MLPerf's LoadGen asks for.
TEST(QuantileBoundTest, SmallestCountsAtNinetyNinePercent) {
  EXPECT_EQ(QuantileBoundCount(0.90, 0.99), 64);
  EXPECT_EQ(QuantileBoundCount(0.95, 0.99), 130);
  EXPECT_EQ(QuantileBoundCount(0.97, 0.99), 219);
  EXPECT_EQ(QuantileBoundCount(0.99, 0.99), 662);
  EXPECT_EQ(QuantileBoundCount(0.999, 0.99), 6636);
}

TEST(QuantileBoundTest, SmallestCountsAtNinetyFivePercent) {
  EXPECT_EQ(QuantileBoundCount(0.90, 0.95), 46);
  EXPECT_EQ(QuantileBoundCount(0.95, 0.95), 93);
  EXPECT_EQ(QuantileBoundCount(0.97, 0.95), 157);
  EXPECT_EQ(QuantileBoundCount(0.99, 0.95), 473);
  EXPECT_EQ(QuantileBoundCount(0.999, 0.95), 4742);
}

TEST(QuantileBoundTest, CountsForMoreSlowValues) {
  EXPECT_EQ(QuantileBoundCount(0.99, 0.99, 2), 838);
  EXPECT_EQ(QuantileBoundCount(0.99, 0.99, 5), 1307);
  EXPECT_EQ(QuantileBoundCount(0.99, 0.99, 10), 2010);
  EXPECT_EQ(QuantileBoundCount(0.99, 0.99, 20), 3304);
  EXPECT_EQ(QuantileBoundCount(0.99, 0.99, 50), 6898);
  EXPECT_EQ(QuantileBoundCount(0.99, 0.99, 100), 12571);
}

TEST(QuantileBoundTest, RefusesBelowTheCountAndAnswersFromIt) {
  for (double confidence : {0.95, 0.99}) {
    for (double p : {0.5, 0.9, 0.95, 0.97, 0.99}) {
      const int64_t needed = QuantileBoundCount(p, confidence);
      EXPECT_FALSE(QuantileBoundRank(needed - 1, p, confidence).has_value());
      EXPECT_EQ(QuantileBoundRank(needed, p, confidence), needed - 1);
    }
  }
  EXPECT_FALSE(QuantileBoundRank(661, 0.99, 0.99).has_value());
  EXPECT_FALSE(QuantileBoundRank(0, 0.99, 0.99).has_value());
  EXPECT_FALSE(QuantileBoundRank(1, 0.5, 0.6).has_value());
}

TEST(QuantileBoundTest, TheRankApproachesTheQuantile) {
  EXPECT_NEAR(static_cast<double>(*QuantileBoundRank(662, 0.99, 0.99)) / 662,
              0.9985, 5e-5);
  EXPECT_NEAR(static_cast<double>(*QuantileBoundRank(5000, 0.99, 0.99)) / 5000,
              0.9934, 5e-5);
  EXPECT_NEAR(
      static_cast<double>(*QuantileBoundRank(50000, 0.99, 0.99)) / 50000,
      0.9910, 5e-5);
}

// The promise itself: over many samples of a known distribution the bound lies
// below the true quantile in at most 1 - confidence of them.
TEST(QuantileBoundTest, CoversTheTrueQuantile) {
  RandomStream random(3, "quantile_bound_test");
  const int64_t n = 200;
  const int64_t rank = *QuantileBoundRank(n, 0.9, 0.95);
  int missed = 0;
  const int trials = 4000;
  for (int t = 0; t < trials; ++t) {
    std::vector<double> values;
    for (int64_t i = 0; i < n; ++i) values.push_back(random.UniformDouble());
    std::nth_element(values.begin(), values.begin() + rank - 1, values.end());
    missed += values[static_cast<size_t>(rank - 1)] < 0.9 ? 1 : 0;
  }
  // 0.05 and three standard errors of 4000 trials.
  EXPECT_LE(missed, 4000 * 0.05 + 3 * 13.8);
}

}  // namespace
}  // namespace assay
