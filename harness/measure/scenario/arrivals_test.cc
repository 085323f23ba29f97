#include "harness/measure/scenario/arrivals.h"

#include <algorithm>
#include <set>
#include <vector>

#include "gtest/gtest.h"

namespace assay {
namespace {

TEST(ArrivalsTest, SamplesDependOnSeedAndBlockAlone) {
  const auto samples = DrawSamples(1, 0, 1000, 10);
  EXPECT_EQ(samples, DrawSamples(1, 0, 1000, 10));
  EXPECT_NE(samples, DrawSamples(1, 1, 1000, 10));
  EXPECT_NE(samples, DrawSamples(2, 0, 1000, 10));
  const std::set<int64_t> seen(samples.begin(), samples.end());
  EXPECT_EQ(seen, (std::set<int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(ArrivalsTest, PoissonGapsAreExponential) {
  const auto arrivals = DrawPoissonArrivals(1, 0, 20000, 1000.0);
  ASSERT_TRUE(std::is_sorted(arrivals.begin(), arrivals.end()));
  // Mean gap 1 ms; a share of exp(-1) of the gaps is longer.
  EXPECT_NEAR(static_cast<double>(arrivals.back()) / 20000, 1e6, 3e4);
  int longer = 0;
  for (size_t i = 1; i < arrivals.size(); ++i) {
    longer += arrivals[i] - arrivals[i - 1] > 1'000'000 ? 1 : 0;
  }
  EXPECT_NEAR(longer / 20000.0, 0.3679, 0.012);
}

TEST(ArrivalsTest, ARoundIsAPermutationAndItsReverse) {
  std::set<std::vector<size_t>> seen;
  for (int64_t round = 0; round < 40; ++round) {
    std::vector<size_t> order = DrawRound(3, round, 3);
    ASSERT_EQ(order.size(), 6u);
    std::vector<size_t> reverse(order.rbegin(), order.rend());
    EXPECT_EQ(order, reverse);
    order.resize(3);
    seen.insert(order);
    std::sort(order.begin(), order.end());
    EXPECT_EQ(order, (std::vector<size_t>{0, 1, 2}));
  }
  EXPECT_EQ(seen.size(), 6u);  // every order turns up
}

}  // namespace
}  // namespace assay
