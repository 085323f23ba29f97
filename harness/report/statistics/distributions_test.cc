#include "harness/report/statistics/distributions.h"

#include "gtest/gtest.h"

namespace assay {
namespace {

TEST(DistributionsTest, NormalQuantilesOfTheTables) {
  EXPECT_NEAR(NormalQuantile(0.975), 1.959963984540054, 1e-14);
  EXPECT_NEAR(NormalQuantile(0.995), 2.5758293035489004, 1e-14);
  EXPECT_EQ(NormalQuantile(0.5), 0.0);
  EXPECT_NEAR(NormalQuantile(1e-20), -9.262340089798408, 1e-12);
}

TEST(DistributionsTest, NormalQuantileInvertsTheCdf) {
  for (double z = -6.0; z <= 6.0; z += 0.37) {
    EXPECT_NEAR(NormalQuantile(NormalCdf(z)), z, 1e-7) << z;
  }
  EXPECT_NEAR(NormalTwoSided(-1.959963984540054), 0.05, 1e-15);
}

TEST(DistributionsTest, BinomialSumsByHand) {
  // Four fair coins: 1, 4, 6, 4, 1 of 16.
  EXPECT_NEAR(BinomialCdf(0, 4, 0.5), 1.0 / 16, 1e-15);
  EXPECT_NEAR(BinomialCdf(1, 4, 0.5), 5.0 / 16, 1e-15);
  EXPECT_NEAR(BinomialCdf(2, 4, 0.5), 11.0 / 16, 1e-15);
  EXPECT_EQ(BinomialCdf(4, 4, 0.5), 1.0);
  EXPECT_EQ(BinomialCdf(-1, 4, 0.5), 0.0);
  EXPECT_NEAR(BinomialCdf(1, 3, 0.1), 0.729 + 0.243, 1e-15);
}

TEST(DistributionsTest, BinomialIsSymmetricForLargeCounts) {
  // P(X <= 499,999) = (1 - P(X = 500,000)) / 2; the middle term of a million
  // coins is 1 / sqrt(pi * 500,000) to seven digits.
  EXPECT_NEAR(BinomialCdf(499999, 1000000, 0.5), 0.5 * (1 - 7.978844e-4), 1e-8);
}

}  // namespace
}  // namespace assay
