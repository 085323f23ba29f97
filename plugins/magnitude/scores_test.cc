#include "plugins/magnitude/scores.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay::magnitude {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;

TEST(ScoresTest, MagnitudeIsTheAbsoluteValue) {
  EXPECT_THAT(MagnitudeScores(std::vector<float>{-2, 0.5}),
              ElementsAre(2.0, 0.5));
}

TEST(ScoresTest, LampDividesByTheSquaresThatAreNotSmaller) {
  // u = 9, 1, 4: ascending 1/(1+4+9), 4/(4+9), 9/9.
  const std::vector<float> w = {-3, 1, 2};
  const std::vector<uint8_t> alive = {1, 1, 1};
  EXPECT_THAT(
      LampScores(w, alive),
      ElementsAre(DoubleEq(1.0), DoubleEq(1.0 / 14), DoubleEq(4.0 / 13)));
}

TEST(ScoresTest, LampLeavesOutDeadWeights) {
  const std::vector<float> w = {3, 1, 2};
  const std::vector<uint8_t> alive = {0, 1, 1};
  EXPECT_THAT(LampScores(w, alive),
              ElementsAre(0.0, DoubleEq(1.0 / 5), DoubleEq(1.0)));
}

TEST(ScoresTest, LampOfEqualWeightsFallsWithTheNumberBehind) {
  const std::vector<float> w = {1, -1};
  const std::vector<uint8_t> alive = {1, 1};
  EXPECT_THAT(LampScores(w, alive), ElementsAre(DoubleEq(0.5), DoubleEq(1.0)));
}

TEST(ScoresTest, LampOfZerosIsZero) {
  const std::vector<float> w = {0, 0};
  const std::vector<uint8_t> alive = {1, 1};
  EXPECT_THAT(LampScores(w, alive), ElementsAre(0.0, 0.0));
}

}  // namespace
}  // namespace assay::magnitude
