#include "harness/report/formats/html/latency_bins.h"

#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#include "gtest/gtest.h"

namespace assay::formats::html {
namespace {

double Edge(const LatencyBins& bins, size_t bin) {
  return std::exp2(static_cast<double>(bins.first + static_cast<int64_t>(bin)) /
                   static_cast<double>(bins.steps));
}

uint64_t Total(const LatencyBins& bins) {
  return std::accumulate(bins.counts.begin(), bins.counts.end(), uint64_t{0});
}

TEST(LatencyBinsTest, NothingHasNoBins) {
  EXPECT_EQ(BinLatencies({}).steps, 0);
  EXPECT_TRUE(BinLatencies({}).counts.empty());
}

TEST(LatencyBinsTest, OneLatencyLiesInItsBin) {
  const LatencyBins bins = BinLatencies({1500.0});
  EXPECT_EQ(bins.steps, 128);
  ASSERT_EQ(bins.counts, std::vector<uint64_t>({1}));
  EXPECT_LE(Edge(bins, 0), 1500.0);
  EXPECT_GT(Edge(bins, 1), 1500.0);
}

TEST(LatencyBinsTest, EveryLatencyIsCountedInItsBin) {
  std::vector<double> latencies;
  for (int i = 0; i < 1000; ++i) latencies.push_back(1000.0 + 7.0 * i);
  const LatencyBins bins = BinLatencies(latencies);
  EXPECT_EQ(Total(bins), 1000u);
  EXPECT_LE(bins.counts.size(), 48u);
  EXPECT_GT(bins.counts.size(), 24u);  // no coarser than it must be
  for (size_t bin = 0; bin < bins.counts.size(); ++bin) {
    uint64_t count = 0;
    for (const double ns : latencies) {
      count += ns >= Edge(bins, bin) && ns < Edge(bins, bin + 1);
    }
    EXPECT_EQ(bins.counts[bin], count) << bin;
  }
}

TEST(LatencyBinsTest, AnOutlierMakesThemCoarser) {
  const LatencyBins near = BinLatencies({100.0, 110.0});
  const LatencyBins far = BinLatencies({100.0, 110.0, 1e9});
  EXPECT_LT(far.steps, near.steps);
  EXPECT_EQ(near.steps % far.steps, 0);
  EXPECT_EQ(Total(far), 3u);
}

TEST(LatencyBinsTest, WhateverAReportMayHold) {
  const LatencyBins bins = BinLatencies({-5.0, 0.0, 1e300, 9.2e18});
  EXPECT_EQ(Total(bins), 4u);
  EXPECT_LE(bins.counts.size(), 64u);
  EXPECT_EQ(bins.counts.front(), 2u);
  EXPECT_EQ(bins.counts.back(), 2u);
}

}  // namespace
}  // namespace assay::formats::html
