#include "harness/report/statistics/front.h"

#include <cmath>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/report/statistics/distributions.h"

namespace assay {
namespace {

using ::testing::ElementsAre;

UncertainPoint Exact(std::vector<double> values) {
  UncertainPoint point;
  for (double value : values) point.objectives.push_back({value, 0.0, 0.0});
  return point;
}

TEST(FrontTest, ExactPointsAreOnItOrNot) {
  EXPECT_THAT(
      FrontChances({Exact({1, 3}), Exact({2, 2}), Exact({3, 1}), Exact({3, 3}),
                    Exact({2, 2})},
                   10, 0),
      ElementsAre(1.0, 1.0, 1.0, 0.0, 1.0));  // equal points are both kept
  EXPECT_TRUE(FrontChances({}, 10, 0).empty());
}

// Two points of equal cost whose error rates differ by one standard error of
// their difference: the better one wins in Phi(1) = 84 % of the draws.
TEST(FrontTest, ChanceIsThatOfTheDifference) {
  const double error = 0.01;
  UncertainPoint better, worse;
  better.objectives = {{0.10, error, error}, {5.0, 0.0, 0.0}};
  worse.objectives = {{0.10 + error * std::sqrt(2.0), error, error},
                      {5.0, 0.0, 0.0}};
  const std::vector<double> chances = FrontChances({better, worse}, 20000, 7);
  EXPECT_NEAR(chances[0], NormalCdf(1.0), 0.01);
  EXPECT_NEAR(chances[0] + chances[1], 1.0, 1e-12);
}

TEST(FrontTest, SameSeedSameChances) {
  UncertainPoint a, b;
  a.objectives = {{1.0, 0.5, 0.5}, {2.0, 0.0, 0.0}};
  b.objectives = {{1.2, 0.5, 0.5}, {1.9, 0.1, 0.1}};
  EXPECT_EQ(FrontChances({a, b}, 100, 3), FrontChances({a, b}, 100, 3));
}

TEST(FrontTest, ErrorsOfAnIntervalMayDifferOnItsSides) {
  const UncertainValue value = FromInterval(10.0, 8.04, 13.92, 0.95);
  EXPECT_NEAR(value.error_below, 1.0, 1e-4);
  EXPECT_NEAR(value.error_above, 2.0, 1e-4);
  EXPECT_EQ(FromInterval(1.0, 2.0, 3.0, 0.9).error_below, 0.0);
}

}  // namespace
}  // namespace assay
