#include "harness/report/statistics/hypervolume.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/random.h"

namespace assay {
namespace {

TEST(HypervolumeTest, OfTheNasBaselines) {
  const std::vector<Point2> front = {{1, 5}, {2, 3}, {4, 1}};
  EXPECT_EQ(Hypervolume(front, {6, 6}), 17.0);
}

TEST(HypervolumeTest, OrderDominatedAndOutsidePointsDoNotMatter) {
  const std::vector<Point2> points = {{4, 1}, {3, 3}, {1, 5}, {7, 0},
                                      {2, 3}, {2, 3}, {6, 1}};
  EXPECT_EQ(Hypervolume(points, {6, 6}), 17.0);
  EXPECT_EQ(Hypervolume(std::vector<Point2>(), {6, 6}), 0.0);
}

TEST(HypervolumeTest, BoxesInThreeDimensions) {
  EXPECT_EQ(Hypervolume(std::vector<Point3>{{0, 0, 0}}, {2, 3, 4}), 24.0);
  // Two boxes 1 x 2 x 2 and 2 x 1 x 2 that share 1 x 1 x 2, and a low one.
  const std::vector<Point3> two = {{1, 0, 0}, {0, 1, 0}};
  EXPECT_EQ(Hypervolume(two, {2, 2, 2}), 4.0 + 4.0 - 2.0);
  const std::vector<Point3> three = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  EXPECT_EQ(Hypervolume(three, {2, 2, 2}), 7.0);  // all but one unit cube
}

TEST(HypervolumeTest, AFlatThirdObjectiveGivesTheAreaTimesItsHeight) {
  const std::vector<Point3> front = {{1, 5, 0}, {2, 3, 0}, {4, 1, 0}};
  EXPECT_EQ(Hypervolume(front, {6, 6, 2}), 34.0);
}

// Against counting the unit cells of a small grid.
TEST(HypervolumeTest, EqualsCountingCells) {
  RandomStream random(6, "hypervolume_test");
  for (int trial = 0; trial < 30; ++trial) {
    std::vector<Point3> points(1 + random.Below(8));
    for (Point3& p : points) {
      for (double& v : p) v = static_cast<double>(random.Below(7));
    }
    int cells = 0;
    for (int c = 0; c < 6 * 6 * 6; ++c) {
      const double cell[] = {c % 6 * 1.0, c / 6 % 6 * 1.0, c / 36 * 1.0};
      bool covered = false;
      for (const Point3& p : points) {
        covered |= p[0] <= cell[0] && p[1] <= cell[1] && p[2] <= cell[2];
      }
      cells += covered ? 1 : 0;
    }
    EXPECT_EQ(Hypervolume(points, {6, 6, 6}), cells) << "trial " << trial;
  }
}

TEST(HypervolumeTest, NonDominatedKeepsEqualPoints) {
  const std::vector<Point2> points = {{2, 3}, {1, 5}, {2, 3}, {2, 4}, {4, 1}};
  EXPECT_THAT(NonDominated(points), testing::ElementsAre(0, 1, 2, 4));
}

}  // namespace
}  // namespace assay
