#include "harness/train/schedule.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

using Kind = Schedule::Kind;

TEST(ScheduleTest, WarmUpEndsAtThePeak) {
  const Schedule s{.kind = Kind::kCosine, .peak = 2, .steps = 10, .warmup = 4};
  EXPECT_DOUBLE_EQ(LearningRate(s, 0), 0.5);
  EXPECT_DOUBLE_EQ(LearningRate(s, 3), 2);
  EXPECT_DOUBLE_EQ(LearningRate(s, 4), 2);
}

TEST(ScheduleTest, CosineFallsToItsFloorAndStays) {
  const Schedule s{.kind = Kind::kCosine, .peak = 1, .steps = 11, .floor = 0.1};
  EXPECT_DOUBLE_EQ(LearningRate(s, 0), 1);
  EXPECT_DOUBLE_EQ(LearningRate(s, 5), 0.55);
  EXPECT_DOUBLE_EQ(LearningRate(s, 10), 0.1);
  EXPECT_DOUBLE_EQ(LearningRate(s, 99), 0.1);
}

TEST(ScheduleTest, LinearIsALine) {
  const Schedule s{.kind = Kind::kLinear, .peak = 1, .steps = 5};
  EXPECT_DOUBLE_EQ(LearningRate(s, 1), 0.75);
  EXPECT_DOUBLE_EQ(LearningRate(s, 4), 0);
}

TEST(ScheduleTest, OneCycleRisesAndFalls) {
  const Schedule s{.kind = Kind::kOneCycle,
                   .peak = 1,
                   .steps = 21,
                   .warmup = 10,
                   .initial = 0.2};
  EXPECT_NEAR(LearningRate(s, 4), 0.6, 1e-12);
  EXPECT_DOUBLE_EQ(LearningRate(s, 9), 1);
  EXPECT_DOUBLE_EQ(LearningRate(s, 10), 1);
  EXPECT_NEAR(LearningRate(s, 20), 0, 1e-12);
}

TEST(ScheduleTest, StepsMultiply) {
  const Schedule step{.kind = Kind::kStep, .decay = 0.5, .period = 10};
  EXPECT_DOUBLE_EQ(LearningRate(step, 9), 0.1);
  EXPECT_DOUBLE_EQ(LearningRate(step, 20), 0.025);
  const Schedule multi{
      .kind = Kind::kMultiStep, .decay = 0.5, .milestones = {3, 5}};
  EXPECT_DOUBLE_EQ(LearningRate(multi, 2), 0.1);
  EXPECT_DOUBLE_EQ(LearningRate(multi, 3), 0.05);
  EXPECT_DOUBLE_EQ(LearningRate(multi, 5), 0.025);
}

TEST(ScheduleTest, RefusesWhatCannotBeARate) {
  EXPECT_TRUE(Check(Schedule{}).ok());
  EXPECT_FALSE(Check(Schedule{.peak = -1}).ok());
  EXPECT_FALSE(Check(Schedule{.peak = std::nan("")}).ok());
  EXPECT_FALSE(Check(Schedule{.steps = 0}).ok());
  EXPECT_FALSE(Check(Schedule{.milestones = {5, 3}}).ok());
}

TEST(ScheduleTest, TextNamesWhatCounts) {
  EXPECT_EQ((Schedule{.kind = Kind::kCosine,
                      .peak = 0.5,
                      .steps = 10,
                      .warmup = 2,
                      .floor = 0.1})
                .ToString(),
            "cosine from 0.5 to 0.05 in 10 steps after 2 of warm-up");
}

}  // namespace
}  // namespace assay
