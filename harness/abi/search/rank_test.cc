#include "harness/abi/search/rank.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace assay::search {
namespace {

TEST(RankTest, KendallByHand) {
  EXPECT_DOUBLE_EQ(KendallTau({1, 2, 3, 4, 5}, {1, 3, 2, 5, 4}), 0.6);
  EXPECT_DOUBLE_EQ(KendallTau({1, 1, 2, 3}, {1, 2, 2, 3}), 0.8);
  EXPECT_DOUBLE_EQ(KendallTau({1, 2, 3}, {3, 2, 1}), -1);
  EXPECT_TRUE(std::isnan(KendallTau({1, 1}, {1, 2})));
}

TEST(RankTest, SpearmanByHand) {
  EXPECT_DOUBLE_EQ(SpearmanRho({1, 2, 3, 4, 5}, {1, 3, 2, 5, 4}), 0.8);
  EXPECT_EQ(MidRanks({5, 1, 5, 7}), (std::vector<double>{2.5, 1, 2.5, 4}));
  EXPECT_TRUE(std::isnan(SpearmanRho({1, 2}, {3, 3})));
}

TEST(RankTest, PrecisionCountsTheSharedBest) {
  EXPECT_DOUBLE_EQ(PrecisionAt(2, {9, 8, 1, 0}, {9, 1, 8, 0}), 0.5);
  EXPECT_DOUBLE_EQ(PrecisionAt(1, {1, 1, 0}, {2, 1, 0}), 1);  // tie: the first
}

TEST(RankTest, ErrorsByHand) {
  EXPECT_DOUBLE_EQ(MeanAbsolutePercentageError({2, 5, 7}, {1, 4, 0}), 0.625);
  EXPECT_TRUE(std::isnan(MeanAbsolutePercentageError({1}, {0})));
  EXPECT_DOUBLE_EQ(RootMeanSquareError({3, 0}, {0, 4}), std::sqrt(12.5));
}

}  // namespace
}  // namespace assay::search
