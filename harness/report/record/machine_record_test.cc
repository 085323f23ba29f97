#include "harness/report/record/machine_record.h"

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "harness/measure/testing/fake_system.h"
#include "harness/report/check.h"
#include "harness/report/testing/sample_reports.h"

namespace assay {
namespace {

TEST(MachineRecordTest, ProvenanceOfARecordedMachine) {
  FakeSystem fake;
  fake.LoadRecording("two_xeons");
  Provenance provenance;
  FillProvenance(ReadMachineInfo(fake.files()), ReadMachineState(fake.files()),
                 &provenance);
  EXPECT_EQ(provenance.kernel(), "Linux 6.1.0-18-amd64");
  EXPECT_EQ(provenance.cpu().sockets(), 2u);
  EXPECT_EQ(provenance.container(), "cpu.max=200000 100000");
  EXPECT_EQ(provenance.machine_fingerprint().size(), 64u);
}

TEST(MachineRecordTest, AWholeRecordPassesTheCheck) {
  FakeSystem fake;
  fake.LoadRecording("kvm_epyc");
  const MachineState state = ReadMachineState(fake.files());
  MachineUse use;
  use.steal_fraction = 0.0;
  use.foreign_fraction = 0.3;
  const MachineVerdict verdict =
      JudgeMachine(ReadMachineInfo(fake.files()), state, use, state);
  Report report = SampleReport();
  *report.mutable_machine() =
      MakeMachineRecord(state, absl::FromUnixMillis(1500), use, state,
                        absl::FromUnixMillis(2500), verdict);
  EXPECT_EQ(CheckReport(report), absl::OkStatus());
  EXPECT_EQ(report.machine().verdict(), MachineRecord::INVALID);
  EXPECT_EQ(report.machine().before().when().seconds(), 1);
  EXPECT_EQ(report.machine().before().when().nanos(), 500'000'000);
  EXPECT_EQ(report.machine().before().boost_availability().state(),
            Availability::UNAVAILABLE);
}

TEST(MachineRecordTest, AnInvalidMachineRefusesTimingsAndKeepsThem) {
  Report report = SampleReport();
  RefuseIfInvalid(&report);  // DEGRADED: nothing happens
  EXPECT_EQ(report.dense().latency(0).availability().state(),
            Availability::MEASURED);
  report.mutable_machine()->set_verdict(MachineRecord::INVALID);
  MachineReason* reason = report.mutable_machine()->add_reasons();
  reason->set_code("THROTTLED");
  reason->set_severity(MachineRecord::INVALID);
  RefuseIfInvalid(&report);
  const LatencyRecord& latency = report.candidates(0).latency(0);
  EXPECT_EQ(latency.availability().state(), Availability::REFUSED);
  EXPECT_EQ(latency.availability().reason(),
            "the machine was not fit to be timed: THROTTLED");
  EXPECT_EQ(latency.mean_ns(), 100000);
  EXPECT_EQ(report.candidates(0).gains(0).availability().state(),
            Availability::REFUSED);
  // What had no value keeps its own reason.
  EXPECT_EQ(latency.energy(0).availability().state(),
            Availability::UNAVAILABLE);
  EXPECT_EQ(CheckReport(report), absl::OkStatus());
}

}  // namespace
}  // namespace assay
