#include "harness/report/statistics/proportion.h"

#include "gtest/gtest.h"

namespace assay {
namespace {

TEST(ProportionTest, WilsonOfTheTextbook) {
  // 81 of 263, in Newcombe (1998), table I: 0.2553 to 0.3662.
  const Bounds bounds = WilsonInterval(81, 263, 0.95);
  EXPECT_NEAR(bounds.low, 0.2553, 5e-5);
  EXPECT_NEAR(bounds.high, 0.3662, 5e-5);
}

TEST(ProportionTest, WilsonAtTheEnds) {
  // 0 of n: from 0 to z^2 / (n + z^2).
  const double z2 = 1.959963984540054 * 1.959963984540054;
  EXPECT_EQ(WilsonInterval(0, 20, 0.95).low, 0.0);
  EXPECT_NEAR(WilsonInterval(0, 20, 0.95).high, z2 / (20 + z2), 1e-12);
  EXPECT_EQ(WilsonInterval(20, 20, 0.95).high, 1.0);
  EXPECT_NEAR(WilsonInterval(20, 20, 0.95).low, 20 / (20 + z2), 1e-12);
}

TEST(ProportionTest, WilsonHalfWidthsAtNinetyPercentAccuracy) {
  const auto half = [](int64_t n) {
    const Bounds b = WilsonInterval(n * 9 / 10, n, 0.95);
    return (b.high - b.low) / 2;
  };
  EXPECT_NEAR(half(1000), 0.0186, 1e-4);
  EXPECT_NEAR(half(10000), 0.0059, 1e-4);
  EXPECT_NEAR(half(50000), 0.0026, 1e-4);
}

TEST(ProportionTest, McNemarByHand) {
  EXPECT_EQ(McNemarExact(0, 0), 1.0);
  EXPECT_EQ(McNemarExact(4, 4), 1.0);
  // Five flips one way: 2 / 2^5. One against five: 2 (1 + 6) / 2^6.
  EXPECT_NEAR(McNemarExact(5, 0), 2.0 / 32, 1e-15);
  EXPECT_NEAR(McNemarExact(1, 5), 14.0 / 64, 1e-15);
  EXPECT_EQ(McNemarExact(5, 1), McNemarExact(1, 5));
  EXPECT_EQ(McNemarExact(2, 1), 1.0);
}

TEST(ProportionTest, PairedDifferenceIsCentredNearTheDifference) {
  const Bounds bounds = PairedDifferenceInterval(10, 30, 1000, 0.95);
  // (30 - 10) / 1002 +/- 1.96 sqrt((41/1002 - 0.01996^2) / 1002).
  EXPECT_NEAR((bounds.low + bounds.high) / 2, 20.0 / 1002, 1e-12);
  EXPECT_NEAR((bounds.high - bounds.low) / 2, 0.012463, 1e-5);
  EXPECT_LT(PairedDifferenceInterval(0, 0, 100, 0.95).low, 0.0);
}

}  // namespace
}  // namespace assay
