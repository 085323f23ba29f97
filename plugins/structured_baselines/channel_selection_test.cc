#include "plugins/structured_baselines/channel_selection.h"

#include <cmath>

#include "gtest/gtest.h"

namespace assay::structured_baselines {
namespace {

Removed Select(const GroupScores& scores, double ratio, SelectionOptions o) {
  auto removed = SelectChannels(scores, ratio, o);
  EXPECT_TRUE(removed.ok()) << removed.status().message();
  return removed.ok() ? *removed : Removed();
}

TEST(SelectChannelsTest, LocalTakesTheLowestOfEachGroup) {
  EXPECT_EQ(Select({{3, 1, 2, 4}, {9, 8}}, 0.5, {}), Removed({{1, 2}, {1}}));
}

TEST(SelectChannelsTest, GlobalRanksAllGroupsTogether) {
  EXPECT_EQ(Select({{3, 1, 2, 4}, {9, 8, 7, 6}}, 0.25, {.global = true}),
            Removed({{1, 2}, {}}));
}

TEST(SelectChannelsTest, TiesGoLowestChannelFirst) {
  EXPECT_EQ(Select({{1, 1, 1, 1}}, 0.5, {}), Removed({{0, 1}}));
}

TEST(SelectChannelsTest, AGroupNeverFallsBelowItsLeastNumber) {
  EXPECT_EQ(Select({{1, 2, 3, 4}, {9, 9, 9, 9}}, 0.5,
                   {.global = true, .least_kept = 0.5}),
            Removed({{0, 1}, {}}));
  EXPECT_EQ(Select({{5}}, 0.9, {}), Removed({{}}));
}

TEST(SelectChannelsTest, RoundingKeepsMultiples) {
  // 10 channels, half would keep 5: floor to 4.
  const GroupScores ten = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}};
  EXPECT_EQ(Select(ten, 0.5, {.round_to = 4}), Removed({{0, 1, 2, 3, 4, 5}}));
  // And at least round_to.
  EXPECT_EQ(Select(ten, 0.8, {.round_to = 4}), Removed({{0, 1, 2, 3, 4, 5}}));
}

TEST(SelectChannelsTest, GroupsWithoutScoresStay) {
  EXPECT_EQ(Select({{}, {1, 2}}, 0.5, {}), Removed({{}, {0}}));
}

TEST(SelectChannelsTest, RefusesWhatMakesNoSense) {
  EXPECT_FALSE(SelectChannels({{1, 2}}, 1.0, {}).ok());
  EXPECT_EQ(SelectChannels({{1, std::nan("")}}, 0.5, {}).status().message(),
            "the score of group 0, channel 1 is not a number");
}

}  // namespace
}  // namespace assay::structured_baselines
