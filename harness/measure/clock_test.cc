#include "harness/measure/clock.h"

#include "gtest/gtest.h"

namespace assay {
namespace {

TEST(ClockTest, NeverGoesBackAndWaitsLongEnough) {
  Clock& clock = MonotonicClock();
  const int64_t start = clock.NowNs();
  clock.WaitNs(1'000'000);
  const int64_t end = clock.NowNs();
  EXPECT_GE(end - start, 1'000'000);
  clock.WaitUntilNs(start);  // past: at once
  EXPECT_GE(clock.NowNs(), end);
}

}  // namespace
}  // namespace assay
