#include "plugins/early_exit/thresholds.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay::early_exit {
namespace {

using ::testing::ElementsAre;

// The first exit knows half of the samples and is sure of them; of the other
// half it is wrong. The second knows all but one.
Answers TwoExits() {
  Answers answers;
  answers.confidence = {{0.9, 0.8, 0.3, 0.2}, {0.9, 0.9, 0.8, 0.4}};
  answers.right = {{1, 1, 0, 0}, {1, 1, 1, 0}, {1, 1, 1, 1}};
  answers.trunk_macs = {10, 50, 100};
  answers.head_macs = {1, 2};
  return answers;
}

TEST(FollowTest, ASampleLeavesByTheFirstExitThatIsSure) {
  const Outcome outcome = Follow(TwoExits(), {0.5, 0.6});
  EXPECT_THAT(outcome.shares, ElementsAre(0.5, 0.25, 0.25));
  EXPECT_EQ(outcome.accuracy, 1.0);
  EXPECT_EQ(outcome.macs, (11 + 11 + 53 + 103) / 4.0);
}

TEST(FollowTest, AnExitThatNobodyTakesCostsNothing) {
  const Outcome outcome = Follow(TwoExits(), {kNever, 0.0});
  EXPECT_THAT(outcome.shares, ElementsAre(0, 1, 0));
  EXPECT_EQ(outcome.macs, 52);
  EXPECT_EQ(outcome.accuracy, 0.75);
  EXPECT_EQ(Follow(TwoExits(), {kNever, kNever}).macs, 100);
}

TEST(ThresholdsTest, SpareTheMostWorkForAnAccuracy) {
  const Outcome all =
      Follow(TwoExits(), ThresholdsForAccuracy(TwoExits(), 1, 0));
  EXPECT_THAT(all.shares, ElementsAre(0.5, 0.25, 0.25));
  const Outcome most =
      Follow(TwoExits(), ThresholdsForAccuracy(TwoExits(), 0.75, 0));
  EXPECT_EQ(most.accuracy, 0.75);
  EXPECT_LT(most.macs, all.macs);
}

TEST(ThresholdsTest, CautionTakesStandardErrorsOff) {
  const Outcome one = Follow(TwoExits(), {kNever, 0.0});
  EXPECT_EQ(one.deviation, 0.25);  // one answer of four is another
  const Outcome outcome =
      Follow(TwoExits(), ThresholdsForAccuracy(TwoExits(), 0.75, 1));
  EXPECT_EQ(outcome.accuracy, 1);
  EXPECT_EQ(outcome.deviation, 0);
}

TEST(ThresholdsTest, LoseTheLeastForGivenWork) {
  EXPECT_EQ(Follow(TwoExits(), ThresholdsForMacs(TwoExits(), 45)).accuracy, 1);
  const Outcome less = Follow(TwoExits(), ThresholdsForMacs(TwoExits(), 35));
  EXPECT_LE(less.macs, 35);
  EXPECT_EQ(less.accuracy, 0.75);
}

TEST(ThresholdsTest, WhatCannotBeReachedGivesTheNearest) {
  EXPECT_EQ(
      Follow(TwoExits(), ThresholdsForAccuracy(TwoExits(), 2, 0)).accuracy, 1);
  Answers one = TwoExits();
  one.confidence[0] = {0.5, 0.5, 0.5, 0.5};
  EXPECT_EQ(Follow(one, ThresholdsForMacs(one, 1)).macs, 11);
}

}  // namespace
}  // namespace assay::early_exit
