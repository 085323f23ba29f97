#include "harness/backend/cpu/parallel.h"

#include <vector>

#include "gtest/gtest.h"

namespace assay::cpu {
namespace {

TEST(ParallelTest, RangesCoverEverythingOnce) {
  for (const int parts : {1, 2, 3, 7}) {
    for (const int64_t n : {0, 1, 5, 100}) {
      std::vector<int> seen(static_cast<size_t>(n), 0);
      ParallelRanges(parts, n, [&](int part, int64_t begin, int64_t end) {
        EXPECT_LT(part, parts);
        for (int64_t i = begin; i < end; ++i) ++seen[static_cast<size_t>(i)];
      });
      EXPECT_EQ(seen, std::vector<int>(static_cast<size_t>(n), 1));
    }
  }
}

TEST(ParallelTest, SmallWorkTakesOneThread) {
  EXPECT_EQ(ThreadsFor(8, 100), 1);
  EXPECT_EQ(ThreadsFor(8, 3 * kParallelGrain), 3);
  EXPECT_EQ(ThreadsFor(8, 100 * kParallelGrain), 8);
}

}  // namespace
}  // namespace assay::cpu
