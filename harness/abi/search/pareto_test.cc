#include "harness/abi/search/pareto.h"

#include <cmath>
#include <limits>
#include <random>

#include "gtest/gtest.h"

namespace assay::search {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(ParetoTest, DominanceNeedsOneBetterAndNoneWorse) {
  EXPECT_TRUE(Dominates({1, 2}, {1, 3}));
  EXPECT_FALSE(Dominates({1, 2}, {1, 2}));
  EXPECT_FALSE(Dominates({0, 3}, {1, 2}));
}

TEST(ParetoTest, FrontsPeelOff) {
  //                            0       1       0       2       1
  const Points points = {{1, 4}, {2, 5}, {3, 1}, {3, 6}, {4, 2}};
  EXPECT_EQ(FrontOf(points), (std::vector<size_t>{0, 1, 0, 2, 1}));
  EXPECT_EQ(FrontOf({{1, 1}, {1, 1}}), (std::vector<size_t>{0, 0}));
  EXPECT_TRUE(FrontOf({}).empty());
}

TEST(ParetoTest, NonDominatedKeepsTheFirstOfEqualPoints) {
  EXPECT_EQ(NonDominated({{2, 2}, {1, 3}, {2, 2}, {3, 3}}),
            (std::vector<size_t>{0, 1}));
}

TEST(ParetoTest, CrowdingByHand) {
  // Ranges 3 and 4; the second has neighbours 0 and 3 apart, 4 and 0 apart.
  const std::vector<double> d = CrowdingDistance({{0, 4}, {1, 1}, {3, 0}});
  EXPECT_EQ(d[0], kInfinity);
  EXPECT_DOUBLE_EQ(d[1], 3.0 / 3 + 4.0 / 4);
  EXPECT_EQ(d[2], kInfinity);
}

TEST(ParetoTest, CrowdingWithoutRangeIsZeroInside) {
  const std::vector<double> d = CrowdingDistance({{1}, {1}, {1}});
  EXPECT_EQ(d[1], 0);
}

TEST(HypervolumeTest, ByHand) {
  EXPECT_DOUBLE_EQ(Hypervolume({{1, 5}, {2, 3}, {4, 1}}, {6, 6}), 17);
  EXPECT_DOUBLE_EQ(Hypervolume({{2}, {1}}, {5}), 4);
  // Two boxes of 2 x 2 x 1 and 1 x 1 x 2 that share 1 x 1 x 1.
  EXPECT_DOUBLE_EQ(Hypervolume({{0, 0, 1}, {1, 1, 0}}, {2, 2, 2}), 5);
}

TEST(HypervolumeTest, DominatedEqualAndOutsidePointsAddNothing) {
  const double volume = Hypervolume({{1, 5}, {2, 3}, {4, 1}}, {6, 6});
  EXPECT_DOUBLE_EQ(
      Hypervolume({{1, 5}, {2, 3}, {2, 3}, {4, 1}, {3, 5}, {0, 6}, {7, 0}},
                  {6, 6}),
      volume);
  EXPECT_EQ(Hypervolume({{6, 6}}, {6, 6}), 0);
  EXPECT_TRUE(std::isnan(Hypervolume({{0, 0, 0, 0}}, {1, 1, 1, 1})));
}

TEST(HypervolumeTest, AgreesWithSampling) {
  std::mt19937 random(3);
  const auto uniform = [&] {
    return static_cast<double>(random()) / 4294967296.0;
  };
  for (size_t dimensions : {2u, 3u}) {
    Points points(12, Point(dimensions));
    for (Point& p : points) {
      for (double& v : p) v = uniform();
    }
    int hits = 0;
    constexpr int kSamples = 40000;
    for (int i = 0; i < kSamples; ++i) {
      Point sample(dimensions);
      for (double& v : sample) v = uniform();
      bool hit = false;
      for (const Point& p : points) hit = hit || Dominates(p, sample);
      hits += hit;
    }
    EXPECT_NEAR(Hypervolume(points, Point(dimensions, 1)),
                static_cast<double>(hits) / kSamples, 0.01);
  }
}

TEST(HypervolumeTest, BoxesInThreeDimensions) {
  EXPECT_EQ(Hypervolume({{0, 0, 0}}, {2, 3, 4}), 24);
  // Two boxes 1 x 2 x 2 and 2 x 1 x 2 that share 1 x 1 x 2, and a low one.
  EXPECT_EQ(Hypervolume({{1, 0, 0}, {0, 1, 0}}, {2, 2, 2}), 4 + 4 - 2);
  EXPECT_EQ(Hypervolume({{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, {2, 2, 2}),
            7);  // all but one unit cube
  // A flat third objective gives the area times its height.
  EXPECT_EQ(Hypervolume({{1, 5, 0}, {2, 3, 0}, {4, 1, 0}}, {6, 6, 2}), 34);
}

// Against counting the unit cells of a small grid.
TEST(HypervolumeTest, EqualsCountingCells) {
  std::mt19937 random(6);
  for (int trial = 0; trial < 30; ++trial) {
    Points points(1 + random() % 8, Point(3));
    for (Point& p : points) {
      for (double& v : p) v = static_cast<double>(random() % 7);
    }
    int cells = 0;
    for (int c = 0; c < 6 * 6 * 6; ++c) {
      const double cell[] = {c % 6 * 1.0, c / 6 % 6 * 1.0, c / 36 * 1.0};
      bool covered = false;
      for (const Point& p : points) {
        covered |= p[0] <= cell[0] && p[1] <= cell[1] && p[2] <= cell[2];
      }
      cells += covered ? 1 : 0;
    }
    EXPECT_EQ(Hypervolume(points, {6, 6, 6}), cells) << "trial " << trial;
  }
}

TEST(HypervolumeTest, PointsToReachAShare) {
  const Points points = {{4, 1}, {1, 5}, {2, 3}};  // 10, 12, 17
  EXPECT_EQ(PointsToReach(points, {6, 6}, 17, 0.5), 1u);
  EXPECT_EQ(PointsToReach(points, {6, 6}, 17, 0.7), 2u);
  EXPECT_EQ(PointsToReach(points, {6, 6}, 17, 1), 3u);
  EXPECT_EQ(PointsToReach(points, {6, 6}, 20, 1), 0u);
}

}  // namespace
}  // namespace assay::search
