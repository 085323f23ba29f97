#include "plugins/quantization/histogram.h"

#include <cmath>

#include "gtest/gtest.h"

namespace assay::quantization {
namespace {

TEST(HistogramTest, TheRangeDoublesAndBinsMerge) {
  Histogram h;
  h.Add(1.0);  // range 1: the last bin
  h.Add(0.25);
  EXPECT_EQ(h.counts()[2047], 1);
  EXPECT_EQ(h.counts()[512], 1);
  h.Add(3.0);  // range 4
  EXPECT_EQ(h.bin_width(), 4.0 / 2048);
  EXPECT_EQ(h.counts()[511], 1);
  EXPECT_EQ(h.counts()[128], 1);
  EXPECT_EQ(h.counts()[1536], 1);
  EXPECT_EQ(h.total(), 3);
}

TEST(HistogramTest, QuantileIsAnUpperEdge) {
  Histogram h;
  h.Add(2048.0);
  for (int i = 0; i < 99; ++i) h.Add(0.5);
  EXPECT_EQ(h.Quantile(0.99, 100), 1.0);  // bin 0 is [0, 1)
  EXPECT_EQ(h.Quantile(1.0, 100), 2048.0);
  EXPECT_EQ(Histogram().Quantile(0.5, 1), 0);
}

TEST(HistogramTest, ZerosBeforeTheFirstValueCount) {
  Histogram h;
  h.Add(0);
  h.Add(5);
  EXPECT_EQ(h.counts()[0], 1);
  EXPECT_EQ(h.total(), 2);
}

TEST(EntropyThresholdTest, CutsAFarOutlierOffABulk) {
  Histogram h;
  h.Add(2048.0);
  // A bulk that falls from bin to bin: coarse levels would flatten it.
  for (int i = 0; i < 128; ++i) {
    const auto count = static_cast<int>(1000 * std::exp(-i / 20.0));
    for (int k = 0; k < count; ++k) h.Add(i + 0.5);
  }
  const double threshold = EntropyThreshold(h, 128);
  EXPECT_GE(threshold, 100.0);
  EXPECT_LT(threshold, 300.0);
}

TEST(EntropyThresholdTest, KeepsAnEvenDistributionWhole) {
  Histogram h;
  h.Add(2048.0);
  for (int i = 0; i < 2048; ++i) h.Add(i + 0.5);
  // Every level holds equal counts: no loss anywhere, the least i loses the
  // tail, the whole range loses nothing.
  EXPECT_GE(EntropyThreshold(h, 128), 1900.0);
}

}  // namespace
}  // namespace assay::quantization
