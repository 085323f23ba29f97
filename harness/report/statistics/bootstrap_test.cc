#include "harness/report/statistics/bootstrap.h"

#include <vector>

#include "gtest/gtest.h"
#include "harness/core/descriptive.h"
#include "harness/core/random.h"

namespace assay {
namespace {

std::vector<double> Normals(int n, double mean, absl::string_view name) {
  RandomStream random(11, name);
  std::vector<double> values;
  for (int i = 0; i < n; ++i) values.push_back(mean + random.Normal());
  return values;
}

TEST(BootstrapTest, SameSeedSameInterval) {
  const std::vector<double> values = Normals(200, 5, "a");
  BootstrapOptions options;
  options.resamples = 200;
  const Bounds a = BootstrapInterval(values, Mean, options);
  const Bounds b = BootstrapInterval(values, Mean, options);
  EXPECT_EQ(a.low, b.low);
  EXPECT_EQ(a.high, b.high);
  options.seed = 1;
  EXPECT_NE(BootstrapInterval(values, Mean, options).low, a.low);
}

TEST(BootstrapTest, AConstantSeriesHasNoWidth) {
  const Bounds bounds =
      BootstrapInterval(std::vector<double>(30, 4.0), Median, {});
  EXPECT_EQ(bounds.low, 4.0);
  EXPECT_EQ(bounds.high, 4.0);
}

TEST(BootstrapTest, TheWidthForIndependentValuesIsTheNormalOne) {
  BootstrapOptions options;
  options.block_length = 1;
  const Bounds bounds = BootstrapInterval(Normals(1000, 5, "b"), Mean, options);
  EXPECT_NEAR(bounds.high - bounds.low, 2 * 1.96 / 31.6, 0.012);
}

// Blocks see that neighbours are alike; single values do not.
TEST(BootstrapTest, BlocksWidenTheIntervalOfACorrelatedSeries) {
  RandomStream random(12, "c");
  std::vector<double> series;
  double last = 0.0;
  for (int i = 0; i < 2000; ++i) {
    series.push_back(last = 0.9 * last + random.Normal());
  }
  BootstrapOptions options;
  options.resamples = 500;
  const Bounds blocks = BootstrapInterval(series, Mean, options);
  options.block_length = 1;
  const Bounds naive = BootstrapInterval(series, Mean, options);
  EXPECT_GT(blocks.high - blocks.low, 2.5 * (naive.high - naive.low));
}

TEST(BootstrapTest, RatioOfTwoSeries) {
  const RatioResult twice =
      BootstrapRatio(Normals(400, 10, "d"), Normals(400, 20, "e"), Median, {});
  EXPECT_NEAR(twice.ratio, 2.0, 0.05);
  EXPECT_LT(twice.bounds.low, twice.ratio);
  EXPECT_GT(twice.bounds.high, twice.ratio);
  EXPECT_NEAR(twice.p_value, 2.0 / 2001, 1e-12);

  const std::vector<double> same = Normals(400, 10, "f");
  EXPECT_GT(BootstrapRatio(same, same, Median, {}).p_value, 0.5);
}

TEST(BootstrapTest, SignFlipsByHand) {
  // Of the eight sign patterns of (1, 1, 1) two are as far out: p = 1/4.
  EXPECT_NEAR(SignFlipTest({1, 1, 1}, 20000, 0), 0.25, 0.01);
  EXPECT_EQ(SignFlipTest({1, -1}, 1000, 0), 1.0);
  EXPECT_EQ(SignFlipTest({}, 10, 0), 1.0);
}

}  // namespace
}  // namespace assay
