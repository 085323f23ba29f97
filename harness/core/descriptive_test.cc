#include "harness/core/descriptive.h"

#include <vector>

#include "gtest/gtest.h"

namespace assay {
namespace {

TEST(DescriptiveTest, MeanAndSpread) {
  EXPECT_EQ(Mean({2, 4, 4, 4, 5, 5, 7, 9}), 5.0);
  EXPECT_DOUBLE_EQ(StandardDeviation({2, 4, 4, 4, 6}), 1.4142135623730951);
  EXPECT_EQ(Mean({}), 0.0);
  EXPECT_EQ(StandardDeviation({3}), 0.0);
}

TEST(DescriptiveTest, QuantilesAreLinearBetweenNeighbours) {
  const std::vector<double> sorted = {10, 20, 30, 40, 50};
  EXPECT_EQ(SortedQuantile(sorted, 0.0), 10);
  EXPECT_EQ(SortedQuantile(sorted, 0.5), 30);
  EXPECT_EQ(SortedQuantile(sorted, 0.625), 35);
  EXPECT_EQ(SortedQuantile(sorted, 1.0), 50);
}

TEST(DescriptiveTest, MedianOfOddAndEvenCounts) {
  EXPECT_EQ(Median({3, 1, 2}), 2);
  EXPECT_EQ(Median({4, 1, 3, 2}), 2.5);
  EXPECT_EQ(Median({7}), 7);
}

}  // namespace
}  // namespace assay
