#include "harness/sweep/sweep.h"

#include <atomic>
#include <cstdlib>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/file.h"
#include "harness/report/check.h"
#include "harness/report/report_file.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Writes a report with the status that the method's name spells; "none" gives
// no report. Counts what it ran.
class FakeExecutor : public Executor {
 public:
  absl::StatusOr<Report> Execute(const RunSpec& spec) override {
    ran.push_back(spec.method());
    if (stop_after != nullptr) stop_after->store(true);
    if (spec.method() == "none") return absl::InternalError("disk is full");
    Report report;
    report.mutable_identity()->set_method(spec.method());
    report.mutable_identity()->set_task(spec.task());
    Outcome::Status status = Outcome::OK;
    Outcome::Status_Parse(spec.method(), &status);
    report.mutable_outcome()->set_status(status);
    report.mutable_outcome()->set_stage(Outcome::COMPRESS);
    report.set_schema(kReportSchema);
    FillUnreached(&report);
    absl::Status written =
        WriteReport(JoinPath(spec.output_dir(), "report.pb"), report);
    if (!written.ok()) return written;
    return report;
  }
  std::vector<std::string> ran;
  std::atomic<bool>* stop_after = nullptr;
};

class SweepTest : public testing::Test {
 protected:
  SweepTest() {
    std::string name = testing::TempDir() + "/sweepXXXXXX";
    options_.folder = mkdtemp(name.data());
  }
  std::vector<SweepRow> Run(const std::vector<std::string>& methods) {
    std::vector<RunSpec> specs;
    for (const std::string& method : methods) {
      RunSpec spec;
      spec.set_method(method);
      spec.set_label(method);
      spec.set_task("t");
      specs.push_back(spec);
    }
    executor_.ran.clear();
    auto rows = RunSweep(specs, options_, executor_);
    EXPECT_TRUE(rows.ok()) << rows.status();
    return rows.ok() ? *rows : std::vector<SweepRow>();
  }
  SweepOptions options_;
  FakeExecutor executor_;
};

TEST_F(SweepTest, WhatIsDoneIsNotDoneAgain) {
  Run({"null", "CRASHED"});
  EXPECT_THAT(executor_.ran, ElementsAre("null", "CRASHED"));
  const auto rows = Run({"null", "CRASHED"});
  EXPECT_TRUE(executor_.ran.empty());
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].state, SweepRow::kHadRun);
  EXPECT_EQ(rows[1].report.outcome().status(), Outcome::CRASHED);
}

TEST_F(SweepTest, ARunKnowsItsSweepAndItsPlace) {
  const auto rows = Run({"null", "CRASHED"});
  EXPECT_EQ(rows[0].spec.sweep().size(), 12u);
  EXPECT_EQ(rows[1].spec.sweep(), rows[0].spec.sweep());
  EXPECT_EQ(rows[1].spec.sweep_index(), 1u);
  EXPECT_NE(Run({"null"})[0].spec.sweep(), rows[0].spec.sweep());
}

TEST_F(SweepTest, RetryRunsFailuresAndFreshRunsAll) {
  Run({"null", "CRASHED"});
  options_.retry = true;
  Run({"null", "CRASHED"});
  EXPECT_THAT(executor_.ran, ElementsAre("CRASHED"));
  options_.fresh = true;
  Run({"null", "CRASHED"});
  EXPECT_THAT(executor_.ran, ElementsAre("null", "CRASHED"));
}

TEST_F(SweepTest, OneFailureDoesNotStopTheOthers) {
  const auto rows = Run({"none", "METHOD_ERROR", "null"});
  EXPECT_THAT(executor_.ran, ElementsAre("none", "METHOD_ERROR", "null"));
  EXPECT_EQ(rows[0].state, SweepRow::kNoReport);
  EXPECT_EQ(rows[0].failure.message(), "disk is full");
}

TEST_F(SweepTest, AnAbortedRunAndTheRestGoOnNextTime) {
  std::atomic<bool> stop{false};
  options_.stop = &stop;
  executor_.stop_after = &stop;
  const auto rows = Run({"ABORTED", "null"});
  EXPECT_EQ(rows[1].state, SweepRow::kStopped);
  stop = false;
  executor_.stop_after = nullptr;
  Run({"ABORTED", "null"});
  EXPECT_THAT(executor_.ran, ElementsAre("ABORTED", "null"));
}

TEST_F(SweepTest, ATruncatedReportIsRunAgain) {
  const auto rows = Run({"null"});
  auto bytes = ReadFile(rows[0].report_path);
  ASSERT_TRUE(bytes.ok());
  ASSERT_TRUE(WriteFileAtomically(rows[0].report_path,
                                  bytes->substr(0, bytes->size() / 2))
                  .ok());
  Run({"null"});
  EXPECT_THAT(executor_.ran, ElementsAre("null"));
}

// A sweep inside a sweep of the same folder.
class NestedExecutor : public FakeExecutor {
 public:
  explicit NestedExecutor(SweepOptions options) : options_(options) {}
  absl::StatusOr<Report> Execute(const RunSpec& spec) override {
    FakeExecutor inner;
    status = RunSweep({spec}, options_, inner).status();
    return FakeExecutor::Execute(spec);
  }
  absl::Status status;

 private:
  SweepOptions options_;
};

TEST_F(SweepTest, TwoSweepsCannotShareAFolder) {
  NestedExecutor executor(options_);
  RunSpec spec;
  spec.set_method("null");
  ASSERT_TRUE(RunSweep({spec}, options_, executor).ok());
  EXPECT_EQ(executor.status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(executor.status.message()),
              HasSubstr("another sweep works in"));
}

}  // namespace
}  // namespace assay
