#include "harness/report/statistics/quantile_bound.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <vector>

#include "gtest/gtest.h"
#include "harness/core/random.h"
#include "harness/report/statistics/distributions.h"

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

// The fixed counts of MLPerf's rules: enough that the share of queries below
// the percentile is known to a twentieth of what is above it, with 99 %
// confidence.
TEST(QuantileBoundTest, FixedCountsOfTheRules) {
  const auto count = [](double p, double margin) {
    const double z = NormalQuantile(0.995);
    return int64_t{std::llround(z * z * p * (1 - p) / (margin * margin))};
  };
  EXPECT_EQ(count(0.90, 0.0050), 23886);
  EXPECT_EQ(count(0.95, 0.0025), 50425);
  EXPECT_EQ(count(0.97, 0.0015), 85811);
  EXPECT_EQ(count(0.99, 0.0005), 262742);
  EXPECT_EQ(count(0.999, 0.00005), 2651305);
}

// 10^5 draws of the number of values above the true quantile, from which the
// bound follows: it is too low where no more are above than it leaves out.
TEST(QuantileBoundTest, CoversAtTheStatedConfidenceInManyDraws) {
  RandomStream random(4, "quantile_bound_test");
  for (const auto& [n, p, confidence] : {std::tuple(int64_t{64}, 0.9, 0.99),
                                         {200, 0.9, 0.95},
                                         {130, 0.95, 0.99},
                                         {662, 0.99, 0.99}}) {
    const int64_t slow = n - *QuantileBoundRank(n, p, confidence);
    int missed = 0;
    const int draws = 100'000;
    for (int d = 0; d < draws; ++d) {
      int64_t above = 0;
      // Gaps between values above are geometric.
      for (double at = 0;;) {
        at += 1 + std::floor(std::log1p(-random.UniformDouble()) / std::log(p));
        if (at > static_cast<double>(n)) break;
        ++above;
      }
      missed += above <= slow ? 1 : 0;
    }
    const double most = 1 - confidence;
    EXPECT_LE(missed, draws * most + 3 * std::sqrt(draws * most)) << n;
    // And it is not far below: the bound is as tight as the count allows.
    EXPECT_GE(missed, draws * most * 0.4) << n;
  }
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
