#include "plugins/quantization/observer.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace assay::quantization {
namespace {

Interval RangeOf(std::string_view rule,
                 const std::vector<std::vector<float>>& batches,
                 double percentile = 99.99) {
  Observer observer(rule, percentile);
  for (const auto& batch : batches) observer.See(batch);
  return observer.range();
}

TEST(ObserverTest, MinMaxHoldsAllValuesAndZero) {
  const Interval r = RangeOf("minmax", {{1, 2}, {-3, 1}});
  EXPECT_EQ(r.low, -3);
  EXPECT_EQ(r.high, 2);
  EXPECT_EQ(RangeOf("minmax", {{1, 2}}).low, 0);
}

TEST(ObserverTest, EmaMovesATenthOfTheWay) {
  const Interval r = RangeOf("ema", {{0, 10}, {0, 20}});
  EXPECT_DOUBLE_EQ(r.high, 11);
  EXPECT_DOUBLE_EQ(r.low, 0);
}

TEST(ObserverTest, PercentileCutsOutliersOnEachSide) {
  std::vector<float> values(9998, 1.0f);
  values.push_back(100.0f);
  values.push_back(-50.0f);
  const Interval r = RangeOf("percentile", {values}, 99.9);
  EXPECT_LT(r.high, 1.2);
  EXPECT_GE(r.high, 1.0);
  EXPECT_EQ(r.low, 0);
  EXPECT_EQ(RangeOf("percentile", {{1, -2}}, 100).low, -2);
}

TEST(ObserverTest, EntropyCutsAFarOutlier) {
  std::vector<float> values = {2048};
  for (int i = 0; i < 256; ++i) {
    const auto count = static_cast<int>(1000 * std::exp(-i / 40.0));
    values.insert(values.end(), static_cast<size_t>(count),
                  static_cast<float>(i) + 0.5f);
  }
  const Interval r = RangeOf("kl", {values});
  EXPECT_EQ(r.low, 0);
  EXPECT_LT(r.high, 600);
  EXPECT_GE(r.high, 255);
}

TEST(ObserverTest, LeastErrorShrinksWhenAnOutlierCostsLess) {
  std::vector<float> values;
  for (int i = 0; i < 4000; ++i) {
    values.push_back(static_cast<float>(i % 100) / 100);
  }
  std::vector<std::vector<float>> batches(8, values);
  batches[0][0] = 1.05f;  // one of 32,000
  const Interval r = RangeOf("mse", batches);
  EXPECT_LT(r.high, 1.05);
  EXPECT_GE(r.high, 0.9);
}

TEST(GridErrorTest, IsZeroOnTheGrid) {
  const std::vector<float> values = {0, 1, 2, 255};
  EXPECT_EQ(GridError(values, {0, 255}), 0);
  EXPECT_GT(GridError(std::vector<float>{0.5f}, {0, 255}), 0);
}

}  // namespace
}  // namespace assay::quantization
