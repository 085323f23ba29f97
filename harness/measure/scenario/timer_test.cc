#include "harness/measure/scenario/timer.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace assay {
namespace {

// Moves by 100 ns at every fourth reading.
class CoarseClock final : public Clock {
 public:
  int64_t NowNs() override { return readings_++ / 4 * 100; }
  void WaitUntilNs(int64_t) override {}

 private:
  int64_t readings_ = 0;
};

TEST(TimerTest, SeesStepAndCost) {
  CoarseClock clock;
  const TimerQuality quality = MeasureTimer(clock);
  EXPECT_EQ(quality.resolution_ns, 100.0);
  EXPECT_EQ(quality.cost_ns, 25.0);
}

TEST(TimerTest, TheClockOfThisMachineMoves) {
  const TimerQuality quality = MeasureTimer(MonotonicClock());
  EXPECT_GT(quality.resolution_ns, 0.0);
  EXPECT_GT(quality.cost_ns, 0.0);
}

}  // namespace
}  // namespace assay
