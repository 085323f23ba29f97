// Whole judgements on trees of /proc and /sys of several kinds of machines.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/measure/machine/machine_info.h"
#include "harness/measure/machine/machine_state.h"
#include "harness/measure/machine/machine_verdict.h"
#include "harness/measure/testing/fake_clock.h"
#include "harness/measure/testing/fake_system.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A measurement of one second during which the test changes files.
class RecordingsTest : public ::testing::Test {
 protected:
  void Begin(const char* recording) {
    system_.LoadRecording(recording);
    info_ = ReadMachineInfo(system_.files());
    before_ = ReadMachineState(system_.files());
    watch_ = std::make_unique<MachineWatch>(system_.files(), clock_);
    clock_.Advance(500'000'000);
  }

  MachineVerdict End() {
    clock_.Advance(500'000'000);
    use_ = watch_->Finish();
    return JudgeMachine(info_, before_, use_,
                        ReadMachineState(system_.files()));
  }

  // Ticks of all CPUs since the recording.
  void SetStat(const char* line) {
    system_.Set("/proc/stat", std::string(line) + "\nprocs_running 1\n");
  }

  static std::vector<std::string> Codes(const MachineVerdict& verdict) {
    std::vector<std::string> codes;
    for (const MachineFinding& finding : verdict.findings) {
      codes.push_back(finding.code);
    }
    return codes;
  }

  FakeSystem system_;
  FakeClock clock_;
  MachineInfo info_;
  MachineState before_;
  MachineUse use_;
  std::unique_ptr<MachineWatch> watch_;
};

TEST_F(RecordingsTest, ATunedServerIsValid) {
  Begin("amd_server");
  EXPECT_EQ(info_.cpu.hardware_threads, 8u);
  EXPECT_EQ(before_.affinity.size(), 8u);
  EXPECT_FALSE(before_.quota_cpus.has_value());
  EXPECT_EQ(before_.max_temperature_celsius, 41.25);
  EXPECT_EQ(before_.runnable, 1);
  // 800 ticks: all ours.
  SetStat("cpu  40700 0 10100 79950000 0 0 0 0 0 0");
  const char self[] = "4021 (assay) R 1 1 1 0 -1 0 0 0 0 0 800 120 0 0 20 0 1";
  system_.Set("/proc/self/stat", self);
  system_.Set("/proc/4021/stat", self);
  const MachineVerdict verdict = End();
  EXPECT_EQ(verdict.fitness, Fitness::kValid) << Codes(verdict)[0];
  EXPECT_EQ(use_.own_fraction, 1.0);
  EXPECT_EQ(use_.readings, 2);
  EXPECT_EQ(use_.pressure_fraction, 0.0);
}

TEST_F(RecordingsTest, ATunedServerThatSlowsDownIsSeenByItsClock) {
  Begin("amd_server");
  for (const char* cpu : {"0", "1", "2", "3", "4", "5", "6", "7"}) {
    system_.Set(std::string("/sys/devices/system/cpu/cpu") + cpu +
                    "/cpufreq/scaling_cur_freq",
                "1500000\n");
  }
  watch_->Sample();
  for (const char* cpu : {"0", "1", "2", "3", "4", "5", "6", "7"}) {
    system_.Set(std::string("/sys/devices/system/cpu/cpu") + cpu +
                    "/cpufreq/scaling_cur_freq",
                "2900000\n");
  }
  SetStat("cpu  40000 0 10000 79950800 0 0 0 0 0 0");
  const MachineVerdict verdict = End();
  ASSERT_THAT(Codes(verdict), ElementsAre("FREQUENCY_CHANGED"));
  EXPECT_THAT(verdict.findings[0].message,
              HasSubstr("over 3 readings: expected within 10 %, got 1500 to "
                        "2900 MHz"));
}

TEST_F(RecordingsTest, SamplesAreNotTakenTooOften) {
  Begin("amd_server");
  for (int i = 0; i < 100; ++i) watch_->Sample();
  End();
  EXPECT_EQ(use_.readings, 3);  // the ends and the first call
}

TEST_F(RecordingsTest, ALaptopIsDegradedForWhatItsMakerSet) {
  Begin("intel_laptop");
  EXPECT_EQ(before_.critical_temperature_celsius, 100.0);
  SetStat("cpu  200080 1000 50000 3700320 4000 0 1000 0 0 0");
  system_.Set("/sys/class/hwmon/hwmon5/temp1_input", "97000\n");
  system_.Set("/proc/1400/stat",
              "1400 (gnome-shell) S 1 1 1 0 -1 0 0 0 0 0 5016 900 0 0 20 0 1");
  const MachineVerdict verdict = End();
  EXPECT_EQ(verdict.fitness, Fitness::kInvalid);  // nobody else used 80 of 400
  EXPECT_THAT(Codes(verdict),
              ElementsAre("GOVERNOR_NOT_PERFORMANCE", "BOOST_ON", "SMT_ON",
                          "FOREIGN_LOAD", "HOT", "WARMING"));
  EXPECT_THAT(verdict.findings[3].message, HasSubstr("gnome-shell 0.2 s"));
  EXPECT_THAT(verdict.findings[4].message,
              HasSubstr("expected at most 95 C (critical is 100 C), got 97.0"));
}

TEST_F(RecordingsTest, ALaptopThatThrottlesIsInvalid) {
  Begin("intel_laptop");
  system_.Set(
      "/sys/devices/system/cpu/cpu2/thermal_throttle/"
      "core_throttle_count",
      "13\n");
  const MachineVerdict verdict = End();
  EXPECT_EQ(verdict.fitness, Fitness::kInvalid);
  EXPECT_THAT(Codes(verdict), ::testing::Contains("THROTTLED"));
}

TEST_F(RecordingsTest, ARentedMachineLosesTimeToOthers) {
  Begin("cloud_vm");
  EXPECT_EQ(info_.hypervisor, "Amazon EC2 c6i.large");
  SetStat("cpu  9000 100 3000 480190 700 0 50 910 0 0");  // 10 of 200 stolen
  const MachineVerdict verdict = End();
  EXPECT_EQ(verdict.fitness, Fitness::kInvalid);
  EXPECT_THAT(Codes(verdict),
              ElementsAre("VIRTUAL_MACHINE", "GOVERNOR_UNKNOWN", "SMT_ON",
                          "STEAL_TIME", "THROTTLING_UNKNOWN"));
}

TEST_F(RecordingsTest, AContainerIsStoppedByItsQuota) {
  Begin("quota_container");
  EXPECT_EQ(before_.quota_cpus, 2.5);
  EXPECT_EQ(info_.container, "cpu.max=250000 100000; memory.max=4294967296");
  SetStat("cpu  4000200 2000 900000 5000600 1000 0 4000 0 0 0");
  system_.Set("/sys/fs/cgroup/cpu.stat", "nr_periods 910\nnr_throttled 7\n");
  system_.Set("/proc/pressure/cpu",
              "some avg10=12.40 avg60=10.90 avg300=9.77 total=88250000\n");
  const MachineVerdict verdict = End();
  EXPECT_EQ(verdict.fitness, Fitness::kInvalid);
  EXPECT_THAT(Codes(verdict),
              ElementsAre("BOOST_ON", "SMT_ON", "CPU_QUOTA", "BUSY_BEFORE",
                          "FOREIGN_LOAD", "QUOTA_THROTTLED", "CPU_PRESSURE"));
  EXPECT_THAT(verdict.findings[2].message, HasSubstr("got 2.5 CPUs of 8"));
  EXPECT_THAT(verdict.findings[3].message, HasSubstr("got 4"));
  EXPECT_THAT(verdict.findings[6].message, HasSubstr("got 25.0 %"));
}

TEST_F(RecordingsTest, AChangedAffinityVoids) {
  Begin("amd_server");
  system_.Set("/proc/self/status", "Name:\tassay\nCpus_allowed_list:\t0-3\n");
  SetStat("cpu  40000 0 10000 79950800 0 0 0 0 0 0");
  const MachineVerdict verdict = End();
  EXPECT_THAT(Codes(verdict), ElementsAre("STATE_CHANGED"));
  EXPECT_EQ(verdict.fitness, Fitness::kInvalid);
}

// Recorded as it was: other work on both CPUs, and no counter to see clocks by.
TEST_F(RecordingsTest, AMachineAtWorkIsNotFitToBeTimed) {
  Begin("kvm_epyc_busy");
  EXPECT_EQ(info_.cpu.model_name, "AMD EPYC");
  EXPECT_EQ(info_.hypervisor, "unnamed");
  EXPECT_EQ(info_.kernel, "Linux 6.18.44");
  EXPECT_EQ(before_.affinity.size(), 2u);
  EXPECT_FALSE(before_.quota_cpus.has_value());
  EXPECT_FALSE(before_.max_temperature_celsius.has_value());
  EXPECT_GT(before_.runnable, 2);
  const MachineVerdict verdict = End();
  EXPECT_THAT(Codes(verdict),
              ::testing::IsSupersetOf({"VIRTUAL_MACHINE", "GOVERNOR_UNKNOWN",
                                       "BUSY_BEFORE", "THROTTLING_UNKNOWN"}));
}

// What tools/record_machine prints of this machine.
std::string RecordThisMachine() {
  std::string text;
  std::FILE* pipe = popen("python3 tools/record_machine", "r");
  if (pipe == nullptr) return text;
  char buffer[4096];
  size_t got = 0;
  while ((got = std::fread(buffer, 1, sizeof(buffer), pipe)) > 0) {
    text.append(buffer, got);
  }
  return pclose(pipe) == 0 ? text : "";
}

TEST(RecorderTest, ARecordingReadsAsTheMachineDoes) {
  const std::string recording = RecordThisMachine();
  if (recording.empty()) GTEST_SKIP() << "there is no python3 on this machine";
  FakeSystem system;
  system.Load(recording);
  const SystemFiles real;
  const MachineInfo own = ReadMachineInfo(real);
  const MachineInfo read = ReadMachineInfo(system.files());
  EXPECT_EQ(read.cpu.model_name, own.cpu.model_name);
  EXPECT_EQ(read.cpu.microcode, own.cpu.microcode);
  EXPECT_EQ(read.cpu.cores, own.cpu.cores);
  EXPECT_EQ(read.cpu.hardware_threads, own.cpu.hardware_threads);
  EXPECT_EQ(read.cpu.features, own.cpu.features);
  EXPECT_EQ(read.cpu.caches, own.cpu.caches);
  EXPECT_EQ(read.distribution, own.distribution);
  EXPECT_EQ(read.hypervisor, own.hypervisor);
  EXPECT_EQ(read.memory_bytes, own.memory_bytes);
  EXPECT_EQ(read.numa_nodes, own.numa_nodes);
  const MachineState now = ReadMachineState(real);
  const MachineState then = ReadMachineState(system.files());
  EXPECT_EQ(then.governors, now.governors);
  EXPECT_EQ(then.affinity, now.affinity);
  EXPECT_EQ(then.quota_cpus.has_value(), now.quota_cpus.has_value());
  EXPECT_EQ(then.max_temperature_celsius.has_value(),
            now.max_temperature_celsius.has_value());
}

}  // namespace
}  // namespace assay
