#include "harness/measure/scenario/cache_eviction.h"

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

TEST(CacheEvictionTest, ReadsSizesAsTheKernelWritesThem) {
  EXPECT_EQ(*CacheBytes("32K"), 32 << 10);
  EXPECT_EQ(*CacheBytes("32768K"), 32 << 20);
  EXPECT_EQ(*CacheBytes("36M"), 36 << 20);
  EXPECT_EQ(*CacheBytes("512"), 512);
  for (const char* wrong : {"", "K", "-1K", "K1", "many", "99999999999999G"}) {
    EXPECT_EQ(CacheBytes(wrong).status().code(),
              absl::StatusCode::kInvalidArgument)
        << wrong;
  }
}

TEST(CacheEvictionTest, TwiceTheLargestThatHoldsData) {
  EXPECT_EQ(*BytesToEvict({{"L1d", "32K"}, {"L1i", "4M"}, {"L2", "1M"}}),
            2 << 20);
  const auto none = BytesToEvict({});
  EXPECT_EQ(none.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(none.status().message(), HasSubstr("does not say how large"));
}

TEST(CacheEvictionTest, EvictsAgainAndAgain) {
  CacheEvictor evictor(1 << 16);
  EXPECT_EQ(evictor.bytes(), 1 << 16);
  for (int i = 0; i < 300; ++i) evictor.Evict();
}

}  // namespace
}  // namespace assay
