#include "harness/backend/cpu/multiversion.h"

#include <cstdint>
#include <numeric>
#include <vector>

#include "gtest/gtest.h"

namespace assay::cpu {
namespace {

ASSAY_ALWAYS_INLINE int64_t Twice(int64_t x) { return 2 * x; }

ASSAY_CPU_CLONES int64_t SumTwice(const int64_t* x, int64_t n) {
  int64_t sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += Twice(x[i]);
  return sum;
}

TEST(MultiversionTest, TheLoaderPicksAVersionThatRuns) {
  std::vector<int64_t> values(1000);
  std::iota(values.begin(), values.end(), 0);
  EXPECT_EQ(SumTwice(values.data(), 1000), 999000);
}

}  // namespace
}  // namespace assay::cpu
