#include "harness/measure/machine/machine_state.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/measure/testing/fake_clock.h"
#include "harness/measure/testing/fake_system.h"

namespace assay {
namespace {

using testing::ElementsAre;

TEST(MachineStateTest, AMachineThatTellsAll) {
  FakeSystem fake;
  fake.LoadRecording("two_xeons");
  const MachineState state = ReadMachineState(fake.files());
  EXPECT_THAT(state.governors, ElementsAre("performance", "powersave"));
  EXPECT_EQ(state.boost, true);
  EXPECT_EQ(state.smt, true);
  EXPECT_EQ(state.load_average_1m, 0.10);
  EXPECT_EQ(state.min_frequency_hz, 2.0e9);
  EXPECT_EQ(state.max_frequency_hz, 2.7e9);
  EXPECT_EQ(state.max_temperature_celsius, 47.5);  // not the disk's 80
  EXPECT_EQ(state.swap_used_bytes, 100 * 1024);
}

TEST(MachineStateTest, AVirtualMachineTellsLittle) {
  FakeSystem fake;
  fake.LoadRecording("kvm_epyc");
  const MachineState state = ReadMachineState(fake.files());
  EXPECT_TRUE(state.governors.empty());
  EXPECT_FALSE(state.boost.has_value());
  EXPECT_EQ(state.smt, false);
  EXPECT_FALSE(state.max_frequency_hz.has_value());
  EXPECT_FALSE(state.max_temperature_celsius.has_value());
  EXPECT_EQ(state.available_memory_bytes, int64_t{20935672} * 1024);
  EXPECT_EQ(state.pressure_cpu,
            "some avg10=22.37 avg60=30.73 avg300=32.87 total=412525917");
}

TEST(MachineStateTest, QuotasOfBothVersionsOfControlGroups) {
  FakeSystem fake;
  EXPECT_FALSE(ReadMachineState(fake.files()).quota_cpus.has_value());
  fake.Set("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  fake.Set("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_FALSE(ReadMachineState(fake.files()).quota_cpus.has_value());
  fake.Set("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "150000\n");
  EXPECT_EQ(ReadMachineState(fake.files()).quota_cpus, 1.5);
  fake.Set("/proc/self/cgroup", "0::/\n");
  fake.Set("/sys/fs/cgroup/cpu.max", "max 100000\n");
  EXPECT_FALSE(ReadMachineState(fake.files()).quota_cpus.has_value());
  fake.Set("/sys/fs/cgroup/cpu.max", "400000 100000\n");
  EXPECT_EQ(ReadMachineState(fake.files()).quota_cpus, 4.0);
}

TEST(MachineStateTest, TheBoostSwitchOfOtherDrivers) {
  FakeSystem fake;
  fake.Set("/sys/devices/system/cpu/cpufreq/boost", "0\n");
  EXPECT_EQ(ReadMachineState(fake.files()).boost, false);
}

// 100 ticks a second. Between the readings: 1,000 ticks in all, 20 stolen, 500
// busy, of which 300 ours (200 of this process, 60 of children it waited for,
// 40 of a living child) and 200 of others.
TEST(MachineWatchTest, SharesOutTheTime) {
  FakeSystem fake;
  fake.LoadRecording("two_xeons");
  FakeClock clock;
  MachineWatch watch(fake.files(), clock);
  clock.Advance(1'250'000'000);
  fake.Set("/proc/stat", "cpu  1400 0 600 8980 0 0 0 20 0 0\n");
  const char self[] =
      "100 (assay (score)) R 1 1 1 0 -1 0 0 0 17 0 450 150 80 80 20 0 1";
  fake.Set("/proc/self/stat", self);
  fake.Set("/proc/100/stat", self);
  fake.Set("/proc/101/stat",
           "101 (helper) S 100 1 1 0 -1 0 0 0 0 0 40 20 0 0 20 0 1");
  fake.Set("/proc/200/stat",
           "200 (cc1plus) R 1 1 1 0 -1 0 0 0 0 0 500 150 0 0 20 0 1");
  fake.Set("/proc/300/stat",
           "300 (new one) R 1 1 1 0 -1 0 0 0 0 0 30 20 0 0 20 0 1");
  fake.Set("/sys/fs/cgroup/job/cpu.stat", "nr_periods 20\nnr_throttled 5\n");
  fake.Set("/sys/devices/system/cpu/cpu3/thermal_throttle/core_throttle_count",
           "4\n");
  fake.Set("/proc/self/task/100/status", "nonvoluntary_ctxt_switches:\t17\n");
  const MachineUse use = watch.Finish();
  EXPECT_EQ(use.seconds, 1.25);
  EXPECT_EQ(use.steal_fraction, 0.02);
  EXPECT_EQ(use.own_fraction, 0.30);
  EXPECT_EQ(use.foreign_fraction, 0.20);
  EXPECT_EQ(use.throttle_events, 3);
  EXPECT_EQ(use.quota_throttles, 2);
  EXPECT_EQ(use.involuntary_switches, 10);
  EXPECT_EQ(use.major_faults, 12);
  ASSERT_EQ(use.busiest.size(), 2u);
  EXPECT_EQ(use.busiest[0].command, "cc1plus");
  EXPECT_EQ(use.busiest[0].cpu_seconds, 1.5);
  EXPECT_EQ(use.busiest[1].command, "new one");
}

TEST(MachineWatchTest, KnowsWhatItCannotKnow) {
  FakeSystem fake;
  FakeClock clock;
  const MachineUse use = MachineWatch(fake.files(), clock).Finish();
  EXPECT_FALSE(use.foreign_fraction.has_value());
  EXPECT_FALSE(use.throttle_events.has_value());
  EXPECT_FALSE(use.quota_throttles.has_value());
  EXPECT_TRUE(use.busiest.empty());
}

TEST(MachineWatchTest, GarbageIsNotATime) {
  FakeSystem fake;
  FakeClock clock;
  fake.Set("/proc/stat", "cpu 1 2\n");
  fake.Set("/proc/self/stat", "1 )(\n");
  fake.Set("/proc/7/stat", "");
  const MachineUse use = MachineWatch(fake.files(), clock).Finish();
  EXPECT_FALSE(use.foreign_fraction.has_value());
}

}  // namespace
}  // namespace assay
