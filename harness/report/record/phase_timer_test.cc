#include "harness/report/record/phase_timer.h"

#include <string>

#include "gtest/gtest.h"
#include "harness/measure/testing/fake_clock.h"

namespace assay {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

double Seconds(const OverheadRecord& record, const std::string& name) {
  for (const PhaseRecord& phase : record.phases()) {
    if (phase.name() == name) return phase.seconds();
  }
  return -1.0;
}

TEST(PhaseTimerTest, InnerPhasesAreNotCountedTwice) {
  FakeClock clock;
  PhaseTimer timer(clock);
  clock.Advance(kSecond);  // other
  {
    PhaseTimer::Scope compress(&timer, "compress", PhaseRecord::METHOD);
    clock.Advance(2 * kSecond);
    for (int i = 0; i < 2; ++i) {
      PhaseTimer::Scope train(&timer, "train", PhaseRecord::TRAINING);
      clock.Advance(3 * kSecond);
    }
    clock.Advance(kSecond);
  }
  const OverheadRecord record = timer.Record();
  EXPECT_EQ(Seconds(record, "other"), 1.0);
  EXPECT_EQ(Seconds(record, "compress"), 3.0);
  EXPECT_EQ(Seconds(record, "train"), 6.0);
  EXPECT_EQ(record.total_seconds(), 10.0);
  EXPECT_NEAR(record.harness_fraction(), 0.1, 1e-12);
}

TEST(PhaseTimerTest, AnotherProcessFillsThePhaseThatWaits) {
  FakeClock clock;
  PhaseTimer timer(clock);
  OverheadRecord child;
  PhaseRecord* phase = child.add_phases();
  phase->set_name("score");
  phase->set_kind(PhaseRecord::SCORING);
  phase->set_seconds(7.0);
  phase->set_calls(2);
  {
    PhaseTimer::Scope wait(&timer, "score process", PhaseRecord::HARNESS);
    clock.Advance(8 * kSecond);
    timer.Add(child);
  }
  const OverheadRecord record = timer.Record();
  EXPECT_EQ(Seconds(record, "score"), 7.0);
  EXPECT_EQ(Seconds(record, "score process"), 1.0);
  EXPECT_EQ(record.harness_fraction(), 0.125);
}

TEST(SinglePhaseTest, WasEnteredOnce) {
  const PhaseRecord phase = SinglePhase("open", PhaseRecord::HARNESS, 1.5);
  EXPECT_EQ(phase.name(), "open");
  EXPECT_EQ(phase.kind(), PhaseRecord::HARNESS);
  EXPECT_EQ(phase.seconds(), 1.5);
  EXPECT_EQ(phase.calls(), 1u);
}

}  // namespace
}  // namespace assay
