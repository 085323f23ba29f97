#include "harness/report/statistics/alpha_spending.h"

#include <cmath>

#include "gtest/gtest.h"
#include "harness/core/random.h"
#include "harness/report/statistics/quantile_bound.h"

namespace assay {
namespace {

TEST(AlphaSpendingTest, SharesComeToTheWhole) {
  EXPECT_DOUBLE_EQ(AlphaOfLook(0.05, 1), 0.025);
  EXPECT_DOUBLE_EQ(AlphaOfLook(0.05, 2), 0.05 / 6);
  double sum = 0.0;
  for (int64_t look = 1; look <= 1000; ++look) {
    sum += AlphaOfLook(0.05, look);
    EXPECT_NEAR(AlphaSpent(0.05, look), sum, 1e-12);
  }
  EXPECT_LT(sum, 0.05);
  EXPECT_NEAR(sum, 0.05, 1e-4);
  EXPECT_EQ(AlphaSpent(0.05, 0), 0.0);
}

// The chance that a server whose p99 is just above its bound is ever seen to
// keep it: the run goes on, `step` queries a look, until it passes.
double FalsePasses(int64_t looks, bool spend) {
  RandomStream random(5, "alpha_spending_test");
  const double alpha = 0.01, p = 0.99;
  const int64_t step = 1000;
  const int trials = 20000;
  int passed = 0;
  for (int t = 0; t < trials; ++t) {
    int64_t slow = 0;
    double next = 0.0;  // place of the next slow query
    const auto skip = [&] {
      next += 1 + std::floor(std::log1p(-random.UniformDouble()) / std::log(p));
    };
    skip();
    for (int64_t look = 1; look <= looks; ++look) {
      const int64_t n = look * step;
      for (; next <= static_cast<double>(n); skip()) ++slow;
      const double level = spend ? AlphaOfLook(alpha, look) : alpha;
      const auto rank = QuantileBoundRank(n, p, 1 - level);
      if (!rank.has_value() || slow > n - *rank) continue;
      ++passed;
      break;
    }
  }
  return static_cast<double>(passed) / trials;
}

// Without spending: 0.3 % in one look (counts are whole numbers, so that a
// level of 1 % is not used up), 1.9 % in five, 4.5 % in twenty.
TEST(AlphaSpendingTest, LookingAgainHelpsOnlyWhereNothingIsSpent) {
  EXPECT_LT(FalsePasses(1, false), 0.01);
  EXPECT_NEAR(FalsePasses(5, false), 0.019, 0.003);
  EXPECT_NEAR(FalsePasses(20, false), 0.045, 0.005);
  for (int64_t looks : {2, 5, 20}) {
    EXPECT_LT(FalsePasses(looks, true), 0.01) << looks;
  }
}

}  // namespace
}  // namespace assay
