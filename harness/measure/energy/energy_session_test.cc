#include "harness/measure/energy/energy_session.h"

#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/measure/testing/fake_clock.h"

namespace assay {
namespace {

using testing::HasSubstr;

// A world that burns `watts` and a counter that shows it every `period`.
class FakeMeter final : public EnergyMeter {
 public:
  FakeMeter(FakeClock* clock, double period, const double* watts)
      : clock_(clock), period_(period), watts_(watts), last_(Now()) {}

  const std::string& scope() const override { return scope_; }
  double resolution_joules() const override { return 1e-6; }
  double range_joules() const override { return range_; }
  int64_t wraps() const override { return 0; }

  absl::StatusOr<double> Joules() override {
    if (broken_) return absl::UnavailableError("gone");
    const double now = Now();
    joules_ += (now - last_) * *watts_;
    last_ = now;
    const double tick = std::floor(now / period_ + 1e-9);
    if (tick != tick_) {
      tick_ = tick;
      // What was burnt since the tick is not shown yet.
      shown_ = joules_ - (now - tick * period_) * *watts_;
    }
    return shown_;
  }

  void Break() { broken_ = true; }
  void SetRange(double joules) { range_ = joules; }

 private:
  double Now() const { return static_cast<double>(clock_->NowNs()) * 1e-9; }

  FakeClock* clock_;
  double period_;
  const double* watts_;
  std::string scope_ = "package-0";
  double last_, joules_ = 0.0, shown_ = 0.0, tick_ = -1.0, range_ = 0.0;
  bool broken_ = false;
};

struct World {
  World() {
    auto owned = std::make_unique<FakeMeter>(&clock, 0.01, &watts);
    meter = owned.get();
    sources.resize(1);
    sources[0].meter = "rapl";
    sources[0].scopes.push_back(std::move(owned));
    options.idle_seconds = 1.0;
  }

  // A block at `block_watts` for a second, 100 samples, between idle at 20 W.
  void Block(EnergySession* session, size_t variant, double block_watts) {
    ASSERT_TRUE(session->BeforeBlock(variant).ok());
    ASSERT_TRUE(meter->Joules().ok());
    watts = block_watts;
    for (int i = 0; i < 1000; ++i) {
      clock.Advance(1'000'000);
      ASSERT_TRUE(meter->Joules().ok());
    }
    ASSERT_TRUE(session->AfterBlock(variant, 100).ok());
    watts = 20.0;
  }

  FakeClock clock;
  double watts = 20.0;
  FakeMeter* meter;
  std::vector<MeterSource> sources;
  EnergyOptions options;
};

TEST(CounterPeriodTest, SeesHowOftenTheCounterMoves) {
  World world;
  const auto period = MeasureCounterPeriod(*world.meter, world.clock);
  ASSERT_EQ(period.status(), absl::OkStatus());
  EXPECT_NEAR(*period, 0.01, 1e-4);
}

TEST(CounterPeriodTest, ACounterThatStandsStillIsUnavailable) {
  World world;
  world.watts = 0.0;
  const auto period = MeasureCounterPeriod(*world.meter, world.clock);
  EXPECT_EQ(period.status().message(),
            "package-0: the counter did not move in 5 s");
}

TEST(EnergySessionTest, AddsUpTheBlocksOfEachVariant) {
  World world;
  EnergySession session(absl::MakeSpan(world.sources), 2, world.clock,
                        world.options);
  session.Begin();
  world.Block(&session, 0, 100.0);
  world.Block(&session, 1, 60.0);
  world.Block(&session, 1, 60.0);
  world.Block(&session, 0, 100.0);
  session.End();
  const EnergyTotals first = session.Totals(0)[0];
  EXPECT_EQ(first.problem, "");
  EXPECT_EQ(first.meter, "rapl");
  EXPECT_EQ(first.scope, "package-0");
  EXPECT_EQ(first.blocks, 2);
  EXPECT_EQ(first.samples, 200);
  EXPECT_NEAR(first.seconds, 2.0, 1e-6);
  EXPECT_TRUE(first.aligned);
  EXPECT_NEAR(first.joules, 200.0, first.error_joules);
  EXPECT_NEAR(first.error_joules, 2.0, 0.1);  // 10 ms of 1 s, twice 100 J
  EXPECT_NEAR(session.Totals(1)[0].joules, 120.0, 1.3);
  EXPECT_NEAR(first.idle_watts_before, 20.0, 0.5);
  EXPECT_NEAR(first.idle_watts_after, 20.0, 0.5);
  EXPECT_EQ(first.idle_windows, 20);
}

TEST(EnergySessionTest, ASourceWithoutScopesKeepsItsReason) {
  FakeClock clock;
  std::vector<MeterSource> sources(1);
  sources[0].meter = "nvml";
  sources[0].unavailable = "no driver";
  EnergySession session(absl::MakeSpan(sources), 1, clock);
  const int64_t start = clock.NowNs();
  session.Begin();
  ASSERT_TRUE(session.BeforeBlock(0).ok());
  ASSERT_TRUE(session.AfterBlock(0, 1).ok());
  session.End();
  EXPECT_EQ(clock.NowNs(),
            start);  // nobody waits for a meter that is not there
  ASSERT_EQ(session.Totals(0).size(), 1u);
  EXPECT_EQ(session.Totals(0)[0].problem, "no driver");
}

TEST(EnergySessionTest, AMeterThatBreaksIsLeftOut) {
  World world;
  EnergySession session(absl::MakeSpan(world.sources), 1, world.clock,
                        world.options);
  session.Begin();
  ASSERT_TRUE(session.BeforeBlock(0).ok());
  world.meter->Break();
  world.clock.Advance(1'000'000'000);
  EXPECT_TRUE(session.AfterBlock(0, 100).ok());
  session.End();
  EXPECT_EQ(session.Totals(0)[0].problem, "gone");
}

TEST(EnergySessionTest, TheWindowFollowsFromTheWantedError) {
  World world;
  EnergySession session(absl::MakeSpan(world.sources), 1, world.clock,
                        world.options);
  EXPECT_EQ(session.SecondsForError(0.01, 8), 0.0);  // nothing known yet
  session.Begin();
  // A tick of 10 ms is lost at the end of each of 8 blocks.
  EXPECT_NEAR(session.SecondsForError(0.01, 8), 8 * 0.01 / 0.01, 0.1);
  EXPECT_NEAR(session.SecondsForError(0.05, 8), 8 * 0.01 / 0.05, 0.02);
}

TEST(EnergySessionTest, ReadingInBetweenKeepsALongBlock) {
  World world;
  world.meter->SetRange(4000.0);  // 2 s at the most that a machine takes
  EnergySession session(absl::MakeSpan(world.sources), 1, world.clock,
                        world.options);
  session.Begin();
  ASSERT_TRUE(session.BeforeBlock(0).ok());
  for (int i = 0; i < 10; ++i) {
    world.clock.Advance(1'000'000'000);
    session.KeepAlive();
  }
  ASSERT_TRUE(session.AfterBlock(0, 0).ok());
  EXPECT_EQ(session.Totals(0)[0].problem, "");
  EXPECT_NEAR(session.Totals(0)[0].joules, 200.0, 1.0);
  ASSERT_TRUE(session.BeforeBlock(0).ok());
  world.clock.Advance(3'000'000'000);
  ASSERT_TRUE(session.AfterBlock(0, 0).ok());
  EXPECT_THAT(session.Totals(0)[0].problem,
              HasSubstr("3 s between two readings may hide a wrap"));
}

TEST(EnergySessionTest, KeepsWhatItReadInEachBlock) {
  World world;
  EnergySession session(absl::MakeSpan(world.sources), 2, world.clock,
                        world.options);
  session.Begin();
  world.Block(&session, 0, 100.0);
  world.Block(&session, 1, 60.0);
  ASSERT_TRUE(session.BeforeBlock(0).ok());
  world.clock.Advance(500'000'000);
  session.KeepAlive();
  world.clock.Advance(500'000'000);
  ASSERT_TRUE(session.AfterBlock(0, 100).ok());
  const EnergyReadings first = session.Totals(0)[0].readings;
  ASSERT_EQ(first.kept.size(), 5u);
  EXPECT_TRUE(first.kept[0].begins_block);
  EXPECT_EQ(first.kept[0].joules, 0.0);
  EXPECT_NEAR(first.kept[1].joules, 100.0, 1.1);
  EXPECT_TRUE(first.kept[2].begins_block);
  EXPECT_FALSE(first.kept[3].begins_block);
  EXPECT_NEAR(first.kept[4].joules - first.kept[2].joules, 20.0, 0.5);
  EXPECT_EQ(first.kept[4].at_ns - first.kept[2].at_ns, 1'000'000'000);
  EXPECT_EQ(session.Totals(1)[0].readings.kept.size(), 2u);
}

TEST(EnergySessionTest, KeepsNoMoreReadingsThanARecordBears) {
  World world;
  EnergySession session(absl::MakeSpan(world.sources), 1, world.clock,
                        world.options);
  session.Begin();
  ASSERT_TRUE(session.BeforeBlock(0).ok());
  for (size_t i = 0; i < kMostReadings + 10; ++i) session.KeepAlive();
  const EnergyReadings readings = session.Totals(0)[0].readings;
  EXPECT_EQ(readings.kept.size(), kMostReadings);
  EXPECT_EQ(readings.dropped, 11);
}

TEST(EnergySessionTest, ABlockMayNotHideAWrap) {
  World world;
  world.meter->SetRange(1000.0);
  EnergySession session(absl::MakeSpan(world.sources), 1, world.clock,
                        world.options);
  session.Begin();
  world.Block(&session, 0, 100.0);
  EXPECT_THAT(session.Totals(0)[0].problem, HasSubstr("may hide a wrap"));
}

}  // namespace
}  // namespace assay
