#include "harness/sweep/status_file.h"

#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "harness/core/file.h"
#include "harness/host/run_spec.pb.h"
#include "harness/report/testing/sample_reports.h"
#include "harness/sweep/status.pb.h"

namespace assay {
namespace {

std::string Folder() {
  std::string name = testing::TempDir() + "/statusXXXXXX";
  return mkdtemp(name.data());
}

std::vector<RunSpec> Specs() {
  std::vector<RunSpec> specs(3);
  for (uint64_t i = 0; i < 3; ++i) {
    specs[i].set_suite("quick");
    specs[i].set_label("lamp");
    specs[i].set_task("shapes");
    specs[i].set_seed(i);
  }
  return specs;
}

TEST(StatusFileTest, SaysHowFarTheSweepIs) {
  const std::string folder = Folder();
  StatusFile file(folder, Specs());
  EXPECT_EQ(ReadSweepStatus(folder).status().code(),
            absl::StatusCode::kNotFound);
  ASSERT_TRUE(file.Started(0).ok());
  SweepStatus status = *ReadSweepStatus(folder);
  EXPECT_EQ(status.state(), SweepStatus::RUNNING);
  EXPECT_EQ(status.suite(), "quick");
  EXPECT_EQ(status.pid(), getpid());
  ASSERT_EQ(status.runs_size(), 3);
  EXPECT_EQ(status.runs(0).name(), "lamp on shapes, seed 0");
  EXPECT_EQ(status.runs(0).state(), RunStatus::RUNNING);
  EXPECT_EQ(status.runs(1).state(), RunStatus::WAITING);

  ASSERT_TRUE(file.Ended(0, SampleReport(), false).ok());
  ASSERT_TRUE(file.Started(1).ok());
  ASSERT_TRUE(file.Ended(1, SampleCrash(), true).ok());
  ASSERT_TRUE(
      file.EndedWithoutReport(2, absl::UnavailableError("disk is full")).ok());
  ASSERT_TRUE(file.Finished(false).ok());
  status = *ReadSweepStatus(folder);
  EXPECT_EQ(status.state(), SweepStatus::DONE);
  const RunStatus& good = status.runs(0);
  EXPECT_EQ(good.state(), RunStatus::ENDED);
  EXPECT_EQ(good.status(), "OK");
  EXPECT_EQ(good.verdict(), "DEGRADED");
  EXPECT_EQ(good.reasons(0), "GOVERNOR_UNKNOWN");
  ASSERT_EQ(good.candidates_size(), 1);
  EXPECT_EQ(good.candidates(0).metric(), "top1_accuracy");
  EXPECT_DOUBLE_EQ(good.candidates(0).value(), 0.8125);
  EXPECT_TRUE(good.candidates(0).budgets_met());
  const RunStatus& crash = status.runs(1);
  EXPECT_EQ(crash.state(), RunStatus::HAD_REPORT);
  EXPECT_EQ(crash.status(), "CRASHED");
  EXPECT_EQ(crash.stage(), "COMPRESS");
  EXPECT_EQ(crash.verdict(), "");
  EXPECT_EQ(status.runs(2).message(), "disk is full");
}

TEST(StatusFileTest, StoppedIsNotDone) {
  const std::string folder = Folder();
  StatusFile file(folder, Specs());
  ASSERT_TRUE(file.Finished(true).ok());
  EXPECT_EQ(ReadSweepStatus(folder)->state(), SweepStatus::STOPPED);
}

TEST(StatusFileTest, RubbishIsDataLossAndNewerFieldsAreNot) {
  const std::string folder = Folder();
  const std::string path = JoinPath(folder, kStatusFile);
  ASSERT_TRUE(WriteFileAtomically(path, "{\"state\": ").ok());
  EXPECT_EQ(ReadSweepStatus(folder).status().code(),
            absl::StatusCode::kDataLoss);
  ASSERT_TRUE(
      WriteFileAtomically(path, R"({"suite": "quick", "mood": "good"})").ok());
  EXPECT_EQ(ReadSweepStatus(folder)->suite(), "quick");
}

TEST(StatusFileTest, ReadsWhatAProcessSays) {
  const std::string folder = Folder();
  ASSERT_TRUE(WriteFileAtomically(JoinPath(folder, kProgressFile),
                                  R"({"process": "train", "label": "train",
                                      "done": 12, "total": -1,
                                      "unit": "steps", "seconds": 1.5,
                                      "updated": "2026-01-02T03:04:05.5Z"})")
                  .ok());
  const PhaseStatus phase = *ReadPhaseStatus(folder);
  EXPECT_EQ(phase.process(), "train");
  EXPECT_EQ(phase.done(), 12);
  EXPECT_EQ(phase.total(), -1);
  EXPECT_EQ(phase.updated().nanos(), 500000000);
}

}  // namespace
}  // namespace assay
