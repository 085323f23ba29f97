#include "plugins/structured_baselines/taylor.h"

#include "gtest/gtest.h"

namespace assay::structured_baselines {
namespace {

TEST(WithoutTest, KeepsTheScoresOfTheChannelsThatStay) {
  EXPECT_EQ(Without({{1, 2, 3}, {}, {4, 5}}, {{0, 2}, {}, {}}),
            GroupScores({{2}, {}, {4, 5}}));
}

}  // namespace
}  // namespace assay::structured_baselines
