#include "harness/cli/watch_view.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/sweep/status.pb.h"

namespace assay {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int64_t kStart = 1000;
const absl::Time kNow = absl::FromUnixSeconds(kStart + 30);

RunStatus* Add(const std::string& name, RunStatus::State state,
               SweepStatus* sweep) {
  RunStatus* run = sweep->add_runs();
  run->set_name(absl::StrCat(name, " on shapes, seed 1"));
  run->set_state(state);
  return run;
}

// One run that went well in 10 s, one that crashed after 8 s, one that runs
// since 12 s, two that wait.
SweepStatus Sweep() {
  SweepStatus sweep;
  sweep.set_state(SweepStatus::RUNNING);
  sweep.set_suite("quick");
  sweep.set_pid(4711);
  sweep.mutable_started()->set_seconds(kStart);
  sweep.mutable_updated()->set_seconds(kStart + 18);
  RunStatus* run = Add("null", RunStatus::ENDED, &sweep);
  run->mutable_started()->set_seconds(kStart);
  run->mutable_finished()->set_seconds(kStart + 10);
  run->set_status("OK");
  run->set_verdict("DEGRADED");
  run->add_reasons("VIRTUAL_MACHINE");
  run->add_reasons("STEAL_TIME");
  NetworkStatus* network = run->add_candidates();
  network->set_unit("fraction");
  network->set_value(0.9655);
  network->set_low(0.9566);
  network->set_high(0.9726);
  network->set_budgets_met(true);
  run = Add("lamp", RunStatus::ENDED, &sweep);
  run->mutable_started()->set_seconds(kStart + 10);
  run->mutable_finished()->set_seconds(kStart + 18);
  run->set_status("CRASHED");
  run->set_stage("COMPRESS");
  run->set_message("ended by signal 11");
  run = Add("int8", RunStatus::RUNNING, &sweep);
  run->mutable_started()->set_seconds(kStart + 18);
  Add("l1", RunStatus::WAITING, &sweep);
  Add("global", RunStatus::WAITING, &sweep);
  return sweep;
}

PhaseStatus Phase() {
  PhaseStatus phase;
  phase.set_process("compress");
  phase.set_label("train");
  phase.set_done(1200);
  phase.set_total(2800);
  phase.set_unit("steps");
  phase.set_note("loss 0.41");
  phase.set_seconds(6);
  phase.mutable_updated()->set_seconds(kStart + 30);
  return phase;
}

TEST(WatchViewTest, AWholePage) {
  const SweepStatus sweep = Sweep();
  const PhaseStatus phase = Phase();
  EXPECT_THAT(
      WatchLines({&sweep, &phase, false}, kNow, 100, 40),
      ElementsAre(
          "quick: 2 of 5 runs done, 1 failed, 2 waiting",
          "[========>           ] 40 %  30.0 s  about 18.0 s left", "",
          "running  int8 on shapes, seed 1  12.0 s",
          "  compress: train  [====>     ] 43 %  1200/2800 steps  8.0 s left"
          "  loss 0.41",
          "", "last results",
          "  FAILED  lamp on shapes, seed 1  8.0 s  CRASHED in COMPRESS: ended "
          "by signal 11",
          "  ok      null on shapes, seed 1  10.0 s  96.55 % (95.66-97.26)", "",
          "warnings",
          "  timings DEGRADED in 1 run: VIRTUAL_MACHINE, STEAL_TIME", "",
          "waiting", "  l1 on shapes, seed 1", "  global on shapes, seed 1"));
}

TEST(WatchViewTest, NothingIsLargerThanTheWindow) {
  const SweepStatus sweep = Sweep();
  const PhaseStatus phase = Phase();
  for (size_t columns : {1, 5, 20, 79}) {
    for (size_t rows = 1; rows < 20; ++rows) {
      const auto lines =
          WatchLines({&sweep, &phase, false}, kNow, columns, rows);
      EXPECT_LE(lines.size(), rows);
      for (const std::string& line : lines) EXPECT_LE(line.size(), columns);
    }
  }
}

TEST(WatchViewTest, LittleRoomKeepsTheWarnings) {
  SweepStatus sweep = Sweep();
  RunStatus* third = Add("first", RunStatus::ENDED, &sweep);
  third->mutable_started()->set_seconds(kStart - 5);
  third->mutable_finished()->set_seconds(kStart);
  third->set_status("OK");
  const PhaseStatus phase = Phase();
  const std::string page =
      absl::StrJoin(WatchLines({&sweep, &phase, false}, kNow, 80, 12), "\n");
  EXPECT_THAT(page, HasSubstr("FAILED  lamp"));
  EXPECT_THAT(page, HasSubstr("and 2 more"));
  EXPECT_THAT(page, HasSubstr("timings DEGRADED"));
  EXPECT_THAT(page, Not(HasSubstr("\nwaiting")));
}

TEST(WatchViewTest, MessagesCannotSteerTheTerminal) {
  SweepStatus sweep = Sweep();
  sweep.mutable_runs(1)->set_message("\x1b]0;owned\x07\r\nnext \xc3\xa9\x7f");
  for (const std::string& line :
       WatchLines({&sweep, nullptr, false}, kNow, 200, 40)) {
    for (const char c : line) EXPECT_TRUE(c >= 0x20 && c <= 0x7e) << line;
  }
  for (const std::string& line :
       WatchNews(nullptr, {&sweep, nullptr, false}, kNow)) {
    for (const char c : line) EXPECT_TRUE(c >= 0x20 && c <= 0x7e) << line;
  }
}

TEST(WatchViewTest, WhatAnEarlierAttemptLeftIsNotShown) {
  const SweepStatus sweep = Sweep();
  PhaseStatus phase = Phase();
  phase.mutable_updated()->set_seconds(kStart + 17);
  EXPECT_THAT(WatchLines({&sweep, &phase, false}, kNow, 100, 40),
              Contains("  nothing heard of it yet"));
}

TEST(WatchViewTest, SilenceIsSaid) {
  PhaseStatus phase = Phase();
  EXPECT_THAT(PhaseLine(phase, kNow + absl::Seconds(40)),
              HasSubstr("(heard 40.0 s ago)"));
  phase.set_total(-1);
  EXPECT_EQ(PhaseLine(phase, kNow), "compress: train  1200 steps  loss 0.41");
  phase.set_finished(true);
  EXPECT_EQ(PhaseLine(phase, kNow), "compress: train  1200 steps in 6.0 s");
}

TEST(WatchViewTest, HowItEnded) {
  SweepStatus sweep = Sweep();
  EXPECT_EQ(WatchExitCode({&sweep, nullptr, true}), 1);
  EXPECT_THAT(CountLine({&sweep, nullptr, true}),
              HasSubstr("its process (4711) is gone"));
  sweep.set_state(SweepStatus::STOPPED);
  EXPECT_THAT(CountLine({&sweep, nullptr, false}), HasSubstr("stopped"));
  sweep.set_state(SweepStatus::DONE);
  EXPECT_EQ(WatchExitCode({&sweep, nullptr, false}), 1);
  sweep.mutable_runs(1)->set_status("OK");
  EXPECT_EQ(WatchExitCode({&sweep, nullptr, false}), 0);
}

TEST(WatchViewTest, NewsAreWhatChanged) {
  const SweepStatus before = Sweep();
  SweepStatus now = Sweep();
  EXPECT_TRUE(WatchNews(&before, {&now, nullptr, false}, kNow).empty());
  RunStatus* run = now.mutable_runs(2);
  run->set_state(RunStatus::NO_REPORT);
  run->set_message("disk is full");
  run->mutable_finished()->set_seconds(kStart + 20);
  now.mutable_runs(3)->set_state(RunStatus::RUNNING);
  EXPECT_THAT(WatchNews(&before, {&now, nullptr, false}, kNow),
              ElementsAre("[3/5]  FAILED  int8 on shapes, seed 1  2.0 s  no "
                          "report: disk is full",
                          "[4/5]  running l1 on shapes, seed 1"));
  EXPECT_EQ(WatchNews(nullptr, {&now, nullptr, false}, kNow).size(), 4u);
}

TEST(WatchViewTest, AnEmptySweepIsDone) {
  SweepStatus sweep;
  sweep.set_state(SweepStatus::DONE);
  EXPECT_THAT(WatchLines({&sweep, nullptr, false}, kNow, 80, 24),
              Contains("sweep: 0 of 0 runs done"));
}

}  // namespace
}  // namespace assay
