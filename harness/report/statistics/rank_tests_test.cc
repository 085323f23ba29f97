#include "harness/report/statistics/rank_tests.h"

#include <cmath>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/random.h"
#include "harness/report/statistics/distributions.h"

namespace assay {
namespace {

std::vector<double> Range(int first, int count) {
  std::vector<double> values;
  for (int i = 0; i < count; ++i) values.push_back(first + i);
  return values;
}

TEST(RankTestsTest, EqualValuesShareTheirRanks) {
  EXPECT_THAT(MidRanks({30, 10, 30, 20}), testing::ElementsAre(3.5, 1, 3.5, 2));
}

// The least possible p-values: 2 / C(2n, n).
TEST(RankTestsTest, MannWhitneyOfSeparateSamples) {
  for (const auto& [n, p] : {std::pair(3, 2.0 / 20),
                             {4, 2.0 / 70},
                             {5, 2.0 / 252},
                             {9, 2.0 / 48620}}) {
    const RankTest test = MannWhitney(Range(0, n), Range(100, n));
    EXPECT_EQ(test.statistic, 0.0);
    EXPECT_TRUE(test.exact);
    EXPECT_NEAR(test.p_value, p, 1e-12) << n;
  }
}

// With n values a side none is smaller than 2 / C(2n, n).
TEST(RankTestsTest, LeastPValuesOfMannWhitney) {
  const auto least = [](int n) {
    std::vector<double> low, high;
    for (int i = 0; i < n; ++i) {
      low.push_back(i);
      high.push_back(100 + i);
    }
    return MannWhitney(low, high).p_value;
  };
  EXPECT_NEAR(least(3), 0.10, 1e-12);
  EXPECT_NEAR(least(4), 0.0286, 5e-5);
  EXPECT_NEAR(least(5), 0.0079, 5e-5);
  EXPECT_NEAR(least(9), 4.11e-5, 5e-8);
}

TEST(RankTestsTest, MannWhitneyByHand) {
  // 3 beats 1 and 2; 5 beats all of 1, 2, 4: U = 5 of 6. Of C(5, 2) = 10
  // subsets, the rank sums as large as 3 + 5 are 8 and 9: 2 * 2 / 10.
  const RankTest test = MannWhitney({3, 5}, {1, 2, 4});
  EXPECT_EQ(test.statistic, 5.0);
  EXPECT_NEAR(test.p_value, 0.4, 1e-12);
  EXPECT_EQ(MannWhitney({1, 1}, {1, 1}).p_value, 1.0);
  EXPECT_EQ(MannWhitney({}, {1}).p_value, 1.0);
}

TEST(RankTestsTest, LargeSamplesUseTheNormalApproximation) {
  const RankTest far = MannWhitney(Range(0, 30), Range(100, 30));
  EXPECT_FALSE(far.exact);
  EXPECT_LT(far.p_value, 1e-9);
  // U of interleaved samples: mean 450, the first loses half a step per pair.
  std::vector<double> even, odd;
  for (int i = 0; i < 30; ++i) {
    even.push_back(2 * i);
    odd.push_back(2 * i + 1);
  }
  const RankTest near = MannWhitney(even, odd);
  EXPECT_EQ(near.statistic, 435.0);
  EXPECT_NEAR(near.p_value, NormalTwoSided(14.5 / std::sqrt(900.0 / 12 * 61)),
              1e-12);
}

TEST(RankTestsTest, WilcoxonByHand) {
  // All five positive: 2 / 2^5. Only the smallest negative: sums 14 and 15.
  EXPECT_NEAR(WilcoxonSignedRank({1, 2, 3, 4, 5}).p_value, 2.0 / 32, 1e-12);
  const RankTest one = WilcoxonSignedRank({-1, 2, 3, 4, 5});
  EXPECT_EQ(one.statistic, 14.0);
  EXPECT_NEAR(one.p_value, 4.0 / 32, 1e-12);
  EXPECT_EQ(WilcoxonSignedRank({0, 0}).p_value, 1.0);
  // Zeros are left out.
  EXPECT_EQ(WilcoxonSignedRank({0, 1, 2, 3, 4, 5, 0}).p_value, 2.0 / 32);
}

TEST(RankTestsTest, WilcoxonWithTies) {
  // |d| all equal: 3 of 4 positive; sums 2.5 k, at least 3 positive: 5 of 16.
  EXPECT_NEAR(WilcoxonSignedRank({1, 1, 1, -1}).p_value, 10.0 / 16, 1e-12);
}

TEST(RankTestsTest, WilcoxonOfManyDifferences) {
  std::vector<double> differences;
  for (int i = 1; i <= 100; ++i) differences.push_back(i % 2 == 0 ? i : -i);
  const RankTest test = WilcoxonSignedRank(differences);
  EXPECT_FALSE(test.exact);
  EXPECT_EQ(test.statistic, 2550.0);
  EXPECT_GT(test.p_value, 0.9);
}

TEST(RankTestsTest, KendallOfTheNasBaselines) {
  EXPECT_NEAR(KendallTauB({1, 2, 3, 4, 5}, {1, 3, 2, 5, 4}).tau, 0.6, 1e-12);
  EXPECT_NEAR(KendallTauB({1, 1, 2, 3}, {1, 2, 2, 3}).tau, 0.8, 1e-12);
}

TEST(RankTestsTest, KendallAtTheEnds) {
  EXPECT_EQ(KendallTauB({1, 2, 3}, {4, 5, 6}).tau, 1.0);
  EXPECT_EQ(KendallTauB({1, 2, 3}, {6, 5, 4}).tau, -1.0);
  EXPECT_EQ(KendallTauB({1, 2, 3}, {5, 5, 5}).tau, 0.0);
  EXPECT_EQ(KendallTauB({}, {}).tau, 0.0);
  EXPECT_EQ(KendallTauB({1}, {1}).p_value, 1.0);
}

// Against counting all pairs.
TEST(RankTestsTest, KendallEqualsTheDefinition) {
  RandomStream random(2, "rank_tests_test");
  for (int trial = 0; trial < 50; ++trial) {
    const size_t n = 2 + random.Below(30);
    std::vector<double> x, y;
    for (size_t i = 0; i < n; ++i) {
      x.push_back(static_cast<double>(random.Below(6)));
      y.push_back(static_cast<double>(random.Below(6)));
    }
    double score = 0, ties_x = 0, ties_y = 0, pairs = 0;
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < i; ++j) {
        const double dx = x[i] - x[j], dy = y[i] - y[j];
        score += dx * dy > 0 ? 1 : dx * dy < 0 ? -1 : 0;
        ties_x += dx == 0 ? 1 : 0;
        ties_y += dy == 0 ? 1 : 0;
        pairs += 1;
      }
    }
    const double scale = std::sqrt((pairs - ties_x) * (pairs - ties_y));
    const double tau = scale > 0 ? score / scale : 0.0;
    EXPECT_NEAR(KendallTauB(x, y).tau, tau, 1e-12) << "trial " << trial;
  }
}

TEST(RankTestsTest, KendallSeesATrendAndNoTrend) {
  RandomStream random(4, "trend");
  std::vector<double> time, noise, trend;
  for (int i = 0; i < 500; ++i) {
    time.push_back(i);
    noise.push_back(random.Normal());
    trend.push_back(noise.back() + 0.002 * i);
  }
  EXPECT_LT(KendallTauB(time, trend).p_value, 1e-3);
  EXPECT_GT(KendallTauB(time, noise).p_value, 0.01);
}

}  // namespace
}  // namespace assay
