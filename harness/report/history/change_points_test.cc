#include "harness/report/history/change_points.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "harness/core/random.h"
#include "harness/report/statistics/distributions.h"

namespace assay {
namespace {

// `n` values about `level`, with a relative spread of `noise`.
void Append(double level, double noise, int n, RandomStream& random,
            std::vector<double>* series) {
  for (int i = 0; i < n; ++i) {
    series->push_back(level *
                      (1 + noise * static_cast<double>(random.Normal())));
  }
}

TEST(ChangePointsTest, AStepIsFoundWhereItIs) {
  RandomStream random(1, "change_points_test");
  std::vector<double> series;
  Append(100, 0.01, 20, random, &series);
  Append(105, 0.01, 15, random, &series);
  const auto points = FindChangePoints(series);
  ASSERT_EQ(points.size(), 1u);
  EXPECT_NEAR(static_cast<double>(points[0].at), 20, 1);
  EXPECT_NEAR(points[0].before, 100, 1);
  EXPECT_NEAR(points[0].after, 105, 1);
  EXPECT_LE(points[0].p_value, 0.01);
}

TEST(ChangePointsTest, SeveralStepsInTheirOrder) {
  RandomStream random(2, "change_points_test");
  std::vector<double> series;
  for (double level : {100.0, 110.0, 104.0}) {
    Append(level, 0.01, 15, random, &series);
  }
  const auto points = FindChangePoints(series);
  ASSERT_EQ(points.size(), 2u);
  EXPECT_NEAR(static_cast<double>(points[0].at), 15, 1);
  EXPECT_NEAR(static_cast<double>(points[1].at), 30, 1);
  EXPECT_NEAR(points[1].before, 110, 1.5);
}

TEST(ChangePointsTest, OneSpikeIsNoChange) {
  RandomStream random(3, "change_points_test");
  std::vector<double> series;
  Append(100, 0.01, 30, random, &series);
  series[17] = 300;
  EXPECT_TRUE(FindChangePoints(series).empty());
}

TEST(ChangePointsTest, NothingInShortOrConstantSeries) {
  EXPECT_TRUE(FindChangePoints({}).empty());
  EXPECT_TRUE(FindChangePoints({1, 1, 1, 1, 9, 9, 9, 9, 9}).empty());
  EXPECT_TRUE(FindChangePoints(std::vector<double>(40, 7.0)).empty());
}

// Five of each: the least that the minimum segment lets through.
TEST(ChangePointsTest, TheShortestSegments) {
  const auto points =
      FindChangePoints({1.0, 1.1, 0.9, 1.05, 0.95, 2.0, 2.1, 1.9, 2.05, 1.95});
  ASSERT_EQ(points.size(), 1u);
  EXPECT_EQ(points[0].at, 5u);
}

TEST(ChangePointsTest, SmallChangesNeedNotBeTold) {
  RandomStream random(4, "change_points_test");
  std::vector<double> series;
  Append(100, 0.002, 20, random, &series);
  Append(101, 0.002, 20, random, &series);
  EXPECT_EQ(FindChangePoints(series).size(), 1u);
  ChangePointOptions options;
  options.min_change = 0.02;
  EXPECT_TRUE(FindChangePoints(series, options).empty());
}

// By the definition, pair by pair.
TEST(ChangePointsTest, AgreesWithTheDefinitionOnTies) {
  const std::vector<double> series = {1, 1, 2, 1, 2, 5, 5, 6, 5, 6, 5};
  ChangePointOptions options;
  options.min_segment = 2;
  options.alpha = 0.05;
  double best = -1;
  size_t at = 0;
  const size_t n = series.size();
  for (size_t split = 2; split + 2 <= n; ++split) {
    double between = 0, left = 0, right = 0;
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = i + 1; j < n; ++j) {
        const double d = std::abs(series[i] - series[j]);
        (j < split ? left : i >= split ? right : between) += d;
      }
    }
    const double a = static_cast<double>(split), b = static_cast<double>(n) - a;
    const double q = a * b / (a + b) *
                     (2 * between / (a * b) - 2 * left / (a * (a - 1)) -
                      2 * right / (b * (b - 1)));
    if (q > best) {
      best = q;
      at = split;
    }
  }
  const auto points = FindChangePoints(series, options);
  ASSERT_FALSE(points.empty());
  EXPECT_EQ(points[0].at, at);
}

TEST(ChangePointsTest, FalseAlarmsKeepToTheirLevel) {
  RandomStream random(5, "change_points_test");
  ChangePointOptions options;
  options.alpha = 0.05;
  options.permutations = 199;
  constexpr int kSeries = 200;
  int alarms = 0;
  for (int i = 0; i < kSeries; ++i) {
    std::vector<double> series;
    Append(100, 0.02, 30, random, &series);
    alarms += FindChangePoints(series, options).empty() ? 0 : 1;
  }
  EXPECT_LT(BinomialCdf(alarms - 1, kSeries, options.alpha), 0.999);
  EXPECT_GT(BinomialCdf(alarms, kSeries, options.alpha), 0.001);
}

}  // namespace
}  // namespace assay
