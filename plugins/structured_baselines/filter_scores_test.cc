#include "plugins/structured_baselines/filter_scores.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay::structured_baselines {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;

TEST(SliceSumsTest, SumsOverAllOtherAxes) {
  const std::vector<float> w = {1, -2, 3, -4, 5, -6};  // [3, 2]
  EXPECT_THAT(SliceSums(w, {3, 2}, 0, Term::kAbsolute), ElementsAre(3, 7, 11));
  EXPECT_THAT(SliceSums(w, {3, 2}, 1, Term::kAbsolute), ElementsAre(9, 12));
  EXPECT_THAT(SliceSums(w, {3, 2}, 1, Term::kSquare), ElementsAre(35, 56));
}

TEST(SliceSumsTest, FindsAMiddleAxis) {
  const std::vector<float> w = {1, 2, 3, 4, 5, 6, 7, 8};  // [2, 2, 2]
  EXPECT_THAT(SliceSums(w, {2, 2, 2}, 1, Term::kAbsolute),
              ElementsAre(1 + 2 + 5 + 6, 3 + 4 + 7 + 8));
}

TEST(DistanceSumsTest, TheMiddleFilterIsClosestToTheOthers) {
  const std::vector<float> w = {0, 0, 3, 4, 6, 8};  // rows 5 apart on a line
  EXPECT_THAT(DistanceSums(w, {3, 2}),
              ElementsAre(DoubleEq(15), DoubleEq(10), DoubleEq(15)));
}

TEST(DistanceSumsTest, EqualFiltersAreAtDistanceZero) {
  const std::vector<float> w = {1, 1, 1, 1};
  EXPECT_THAT(DistanceSums(w, {2, 1, 1, 2}), ElementsAre(0, 0));
}

}  // namespace
}  // namespace assay::structured_baselines
