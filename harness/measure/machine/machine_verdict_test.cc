#include "harness/measure/machine/machine_verdict.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/measure/testing/fake_system.h"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

MachineState Quiet() {
  MachineState state;
  state.governors = {"performance"};
  state.boost = false;
  state.smt = false;
  state.max_frequency_hz = 2e9;
  return state;
}

MachineUse Alone() {
  MachineUse use;
  use.steal_fraction = 0.0;
  use.foreign_fraction = 0.001;
  use.own_fraction = 0.9;
  use.throttle_events = 0;
  return use;
}

std::vector<std::string> Codes(const MachineVerdict& verdict) {
  std::vector<std::string> codes;
  for (const MachineFinding& finding : verdict.findings) {
    codes.push_back(finding.code);
  }
  return codes;
}

TEST(MachineVerdictTest, AQuietMachineIsValid) {
  const MachineVerdict verdict =
      JudgeMachine(MachineInfo(), Quiet(), Alone(), Quiet());
  EXPECT_EQ(verdict.fitness, Fitness::kValid);
  EXPECT_TRUE(verdict.findings.empty());
}

TEST(MachineVerdictTest, SettingsDegrade) {
  FakeSystem fake;
  fake.LoadRecording("two_xeons");
  const MachineState state = ReadMachineState(fake.files());
  const MachineVerdict verdict =
      JudgeMachine(ReadMachineInfo(fake.files()), state, Alone(), state);
  EXPECT_EQ(verdict.fitness, Fitness::kDegraded);
  EXPECT_THAT(Codes(verdict), ElementsAre("GOVERNOR_NOT_PERFORMANCE",
                                          "BOOST_ON", "SMT_ON", "CPU_QUOTA"));
  EXPECT_EQ(verdict.findings[0].message,
            "scaling_governor: expected performance, got performance, "
            "powersave");
}

TEST(MachineVerdictTest, AVirtualMachineIsDegraded) {
  FakeSystem fake;
  fake.LoadRecording("kvm_epyc");
  const MachineState state = ReadMachineState(fake.files());
  EXPECT_THAT(
      Codes(JudgeMachine(ReadMachineInfo(fake.files()), state, Alone(), state)),
      ElementsAre("VIRTUAL_MACHINE", "GOVERNOR_UNKNOWN"));
}

TEST(MachineVerdictTest, LoadDegradesAndThenVoids) {
  MachineUse use = Alone();
  use.foreign_fraction = 0.05;
  use.busiest = {{"cc1plus", 3.0}};
  MachineVerdict verdict = JudgeMachine(MachineInfo(), Quiet(), use, Quiet());
  EXPECT_EQ(verdict.fitness, Fitness::kDegraded);
  EXPECT_EQ(verdict.findings[0].message,
            "CPU time of other processes (cc1plus 3.0 s): expected at most "
            "2.0 %, got 5.0 %");
  use.foreign_fraction = 0.2;
  verdict = JudgeMachine(MachineInfo(), Quiet(), use, Quiet());
  EXPECT_EQ(verdict.fitness, Fitness::kInvalid);
  use = Alone();
  use.steal_fraction = 0.03;
  EXPECT_EQ(JudgeMachine(MachineInfo(), Quiet(), use, Quiet()).fitness,
            Fitness::kInvalid);
  EXPECT_THAT(
      Codes(JudgeMachine(MachineInfo(), Quiet(), MachineUse(), Quiet())),
      ElementsAre("LOAD_UNKNOWN", "THROTTLING_UNKNOWN"));
}

TEST(MachineVerdictTest, ThrottlingVoids) {
  MachineUse use = Alone();
  use.throttle_events = 1;
  EXPECT_THAT(Codes(JudgeMachine(MachineInfo(), Quiet(), use, Quiet())),
              ElementsAre("THROTTLED"));
  use.throttle_events = 0;
  use.quota_throttles = 2;
  const MachineVerdict verdict =
      JudgeMachine(MachineInfo(), Quiet(), use, Quiet());
  EXPECT_THAT(Codes(verdict), ElementsAre("QUOTA_THROTTLED"));
  EXPECT_EQ(verdict.fitness, Fitness::kInvalid);
}

TEST(MachineVerdictTest, ChangesOnTheWay) {
  MachineState after = Quiet();
  after.boost = true;
  const MachineVerdict verdict =
      JudgeMachine(MachineInfo(), Quiet(), Alone(), after);
  EXPECT_THAT(Codes(verdict), ElementsAre("STATE_CHANGED"));
  EXPECT_THAT(verdict.findings[0].message, HasSubstr("boost off"));
  after = Quiet();
  after.max_frequency_hz = 1.5e9;
  after.swap_used_bytes = 10 << 20;
  EXPECT_THAT(Codes(JudgeMachine(MachineInfo(), Quiet(), Alone(), after)),
              ElementsAre("FREQUENCY_CHANGED", "SWAPPING"));
}

TEST(MachineVerdictTest, TheFingerprintFollowsWhatMatters) {
  FakeSystem fake;
  fake.LoadRecording("two_xeons");
  MachineInfo info = ReadMachineInfo(fake.files());
  MachineState state = Quiet();
  const std::string first = MachineFingerprint(info, state);
  EXPECT_EQ(first.size(), 64u);
  state.load_average_1m = 3.0;
  EXPECT_EQ(MachineFingerprint(info, state), first);
  state.boost = true;
  EXPECT_NE(MachineFingerprint(info, state), first);
  state.boost = false;
  info.cpu.microcode = "0x1";
  EXPECT_NE(MachineFingerprint(info, state), first);
}

}  // namespace
}  // namespace assay
