#include "harness/report/timing_key.h"

#include "gtest/gtest.h"

namespace assay {
namespace {

LatencyRecord Timing() {
  LatencyRecord latency;
  latency.set_scenario(LatencyRecord::SINGLE_STREAM);
  latency.set_precision("f32");
  latency.set_batch(1);
  return latency;
}

TEST(TimingKeyTest, HotIsWhatOldReportsDoNotSay) {
  LatencyRecord hot = Timing();
  hot.set_caches(LatencyRecord::HOT);
  EXPECT_TRUE(SameTiming(Timing(), hot));
  EXPECT_EQ(TimingSuffix(hot), "");
}

TEST(TimingKeyTest, TheLabelSaysEveryPart) {
  LatencyRecord cold = Timing();
  cold.set_caches(LatencyRecord::COLD);
  cold.set_backend("reference");
  EXPECT_EQ(TimingLabel(cold), TimingLabel(Timing()) + " @reference cold");
}

TEST(TimingKeyTest, EveryPartCounts) {
  LatencyRecord other = Timing();
  other.set_caches(LatencyRecord::COLD);
  EXPECT_FALSE(SameTiming(Timing(), other));
  EXPECT_EQ(TimingSuffix(other), " cold");
  other = Timing();
  other.set_backend("reference");
  EXPECT_FALSE(SameTiming(Timing(), other));
  EXPECT_EQ(TimingSuffix(other), " @reference");
  other = Timing();
  other.set_batch(2);
  EXPECT_FALSE(SameTiming(Timing(), other));
  other = Timing();
  other.set_scenario(LatencyRecord::SERVER);
  EXPECT_FALSE(SameTiming(Timing(), other));
  other = Timing();
  other.set_precision("int8");
  EXPECT_FALSE(SameTiming(Timing(), other));
  EXPECT_TRUE(SameSetting(Timing(), other));
}

}  // namespace
}  // namespace assay
