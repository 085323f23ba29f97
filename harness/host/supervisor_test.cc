#include "harness/host/supervisor.h"

#include <signal.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/file.h"
#include "harness/core/hash.h"
#include "harness/host/run_files.h"
#include "harness/report/check.h"
#include "harness/report/report_file.h"

namespace assay {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class SupervisorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = JoinPath(::testing::TempDir(), test->name());
    std::filesystem::remove_all(folder_);
    ASSERT_TRUE(MakeFolders(folder_).ok());
    std::ofstream(JoinPath(folder_, "plugin.so")) << "not really";
    options_.executable = "harness/host/testing/fake_assay";
    spec_.set_task("shapes");
    spec_.set_backend("cpu");
    spec_.set_plugin_path(JoinPath(folder_, "plugin.so"));
    spec_.set_output_dir(JoinPath(folder_, "run"));
  }

  // The report of a run, as returned, which is also what the file holds.
  Report Do(const std::string& method) {
    spec_.set_method(method);
    auto report = Supervise(spec_, options_);
    EXPECT_TRUE(report.ok()) << report.status();
    if (!report.ok()) return {};
    EXPECT_TRUE(CheckReport(*report).ok()) << CheckReport(*report);
    auto read = ReadReport(Path(kReportFile));
    EXPECT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->DebugString(), report->DebugString());
    return *std::move(report);
  }
  Outcome::Status StatusOf(const std::string& method) {
    return Do(method).outcome().status();
  }
  std::string Path(const char* name) {
    return JoinPath(spec_.output_dir(), name);
  }

  std::string folder_;
  SuperviseOptions options_;
  RunSpec spec_;
};

TEST_F(SupervisorTest, AGoodRunHasAWholeReport) {
  (*spec_.mutable_parameters())["given"] = "x";
  spec_.set_seed(7);
  const Report report = Do("ok");
  EXPECT_EQ(report.outcome().status(), Outcome::OK);
  EXPECT_EQ(report.outcome().stage(), Outcome::DONE);
  EXPECT_EQ(report.identity().method(), "ok");
  EXPECT_EQ(report.identity().seed(), 7u);
  EXPECT_EQ(report.identity().plugin_version(), "1.2.3");
  EXPECT_EQ(report.identity().plugin_sha256(), Sha256Hex("not really"));
  ASSERT_EQ(report.identity().method_settings_size(), 1);
  EXPECT_EQ(report.identity().method_settings(0).key(), "preset");
  EXPECT_EQ(report.dense().name(), "dense");
  ASSERT_EQ(report.candidates_size(), 1);
  EXPECT_EQ(report.candidates(0).artifact().files_size(), 2);
  EXPECT_EQ(report.ledger().samples(), 640u);
  EXPECT_GT(report.ledger().seconds(), 0);
  EXPECT_GT(report.ledger().peak_memory_bytes(), 0u);
  EXPECT_GT(report.overhead().total_seconds(), 0);
  EXPECT_NE(report.ledger().joules_availability().state(),
            Availability::NOT_REQUESTED);
}

TEST_F(SupervisorTest, PhasesAddUpToTheWholeRun) {
  const Report report = Do("ok");
  double sum = 0;
  for (const PhaseRecord& phase : report.overhead().phases()) {
    EXPECT_NE(phase.kind(), PhaseRecord::KIND_UNSPECIFIED) << phase.name();
    sum += phase.seconds();
  }
  EXPECT_NEAR(sum, report.overhead().total_seconds(),
              1e-6 + 0.01 * report.overhead().total_seconds());
}

TEST_F(SupervisorTest, ACrashIsPlaced) {
  const Report report = Do("crash");
  EXPECT_EQ(report.outcome().status(), Outcome::CRASHED);
  EXPECT_EQ(report.outcome().signal(), SIGSEGV);
  EXPECT_EQ(report.outcome().signal_name(), "SIGSEGV");
  EXPECT_EQ(report.outcome().stage(), Outcome::COMPRESS);
  EXPECT_EQ(report.outcome().hook(), "run");
  EXPECT_THAT(report.outcome().last_log_lines(),
              Contains("method crash begins"));
  EXPECT_EQ(report.ledger().availability().state(), Availability::UNAVAILABLE);
  EXPECT_EQ(report.candidates_size(), 0);
}

TEST_F(SupervisorTest, ACrashOutweighsTheResultBeforeIt) {
  EXPECT_EQ(StatusOf("crash_after_result"), Outcome::CRASHED);
  EXPECT_FALSE(FileExists(Path(kScoreResultFile)));
}

TEST_F(SupervisorTest, AbortsAndExceptionsAreCrashes) {
  EXPECT_EQ(Do("abort").outcome().signal_name(), "SIGABRT");
  const Report thrown = Do("throw");
  EXPECT_EQ(thrown.outcome().status(), Outcome::CRASHED);
  EXPECT_THAT(thrown.outcome().last_log_lines(),
              Contains(HasSubstr("what():  thrown")));
}

TEST_F(SupervisorTest, ExitsAreNoResults) {
  const Report quiet = Do("exit0");
  EXPECT_EQ(quiet.outcome().status(), Outcome::EXITED);
  EXPECT_THAT(quiet.outcome().message(), HasSubstr("left no result"));
  const Report loud = Do("exit3");
  EXPECT_EQ(loud.outcome().status(), Outcome::EXITED);
  EXPECT_EQ(loud.outcome().exit_code(), 3);
}

TEST_F(SupervisorTest, AHangEndsAtItsLimit) {
  spec_.mutable_limits()->set_seconds(0.3);
  const Report report = Do("hang");
  EXPECT_EQ(report.outcome().status(), Outcome::TIMED_OUT);
  EXPECT_EQ(report.outcome().hook(), "run");
}

TEST_F(SupervisorTest, TheMethodsOwnAllowanceIsALimitToo) {
  spec_.mutable_limits()->set_seconds(1000);
  spec_.mutable_training()->set_seconds(0.3);
  const Report report = Do("hang");
  EXPECT_EQ(report.outcome().status(), Outcome::TIMED_OUT);
  EXPECT_TRUE(report.ledger().allowance_exceeded());
}

TEST_F(SupervisorTest, MemoryPastItsLimitIsSaidSo) {
  spec_.mutable_limits()->set_memory_bytes(int64_t{256} << 20);
  EXPECT_EQ(StatusOf("memory"), Outcome::OUT_OF_MEMORY);
}

TEST_F(SupervisorTest, RubbishIsNoResult) {
  const Report garbage = Do("garbage");
  EXPECT_EQ(garbage.outcome().status(), Outcome::INVALID_SUBMISSION);
  EXPECT_EQ(garbage.outcome().code(), "DATA_LOSS");
  EXPECT_EQ(Do("huge_result").outcome().code(), "RESOURCE_EXHAUSTED");
  EXPECT_EQ(StatusOf("outside"), Outcome::INVALID_SUBMISSION);
  EXPECT_EQ(StatusOf("nothing"), Outcome::INVALID_SUBMISSION);
}

TEST_F(SupervisorTest, ArtifactsAreVerified) {
  const Report shapes = Do("wrong_shapes");
  EXPECT_EQ(shapes.outcome().status(), Outcome::INVALID_SUBMISSION);
  EXPECT_EQ(shapes.outcome().stage(), Outcome::SUBMIT);
  EXPECT_THAT(shapes.outcome().message(), HasSubstr("x f32[1,5]"));
  EXPECT_EQ(Do("huge_artifact").outcome().code(), "RESOURCE_EXHAUSTED");
}

TEST_F(SupervisorTest, TimeIsTheSystems) {
  const Report report = Do("lies");
  EXPECT_EQ(report.outcome().status(), Outcome::OK);
  EXPECT_GT(report.ledger().seconds(), 1e-6);
  EXPECT_LT(report.overhead().total_seconds(), 1e6);
}

TEST_F(SupervisorTest, ForgedFilesAreNotRead) {
  EXPECT_EQ(Do("forges").dense().name(), "dense");
  spec_.set_task("score_silent");
  const Report report = Do("forges");
  EXPECT_EQ(report.outcome().status(), Outcome::HARNESS_ERROR);
  EXPECT_EQ(report.dense().name(), "");
}

TEST_F(SupervisorTest, BytesThatAreNoTextDoNotSpoilTheReport) {
  const Report report = Do("loud");
  EXPECT_EQ(report.outcome().status(), Outcome::EXITED);
  EXPECT_THAT(report.outcome().last_log_lines(), Contains("bad bytes: ??"));
}

TEST_F(SupervisorTest, AMethodsErrorIsKeptInItsWords) {
  const Report report = Do("error");
  EXPECT_EQ(report.outcome().status(), Outcome::METHOD_ERROR);
  EXPECT_EQ(report.outcome().message(), "no convolution to prune");
  EXPECT_EQ(report.outcome().code(), "NOT_FOUND");
}

TEST_F(SupervisorTest, OurOwnFaultsAreNotTheMethods) {
  spec_.set_task("no_data");
  const Report no_data = Do("ok");
  EXPECT_EQ(no_data.outcome().status(), Outcome::HARNESS_ERROR);
  EXPECT_EQ(no_data.outcome().stage(), Outcome::PREPARE);
  EXPECT_EQ(no_data.outcome().message(), "no file train-images");
  spec_.set_task("train_crash");
  EXPECT_EQ(StatusOf("ok"), Outcome::HARNESS_ERROR);
  spec_.set_task("score_crash");
  const Report score = Do("ok");
  EXPECT_EQ(score.outcome().status(), Outcome::HARNESS_ERROR);
  EXPECT_EQ(score.outcome().stage(), Outcome::SCORE);
  EXPECT_EQ(score.outcome().signal(), SIGSEGV);
  EXPECT_EQ(score.ledger().samples(), 640u);
}

TEST_F(SupervisorTest, APluginThatIsAbsentIsSaidSo) {
  spec_.set_plugin_path("/absent/plugin.so");
  const Report report = Do("ok");
  EXPECT_EQ(report.outcome().status(), Outcome::HARNESS_ERROR);
  EXPECT_EQ(report.outcome().stage(), Outcome::LOAD);
  EXPECT_THAT(report.outcome().message(), HasSubstr("/absent/plugin.so"));
}

TEST_F(SupervisorTest, AStopIsAnAbort) {
  const std::atomic<bool> stop = true;
  options_.stop = &stop;
  EXPECT_EQ(StatusOf("ok"), Outcome::ABORTED);
}

std::vector<std::string> Details(const Report& report, const char* kind) {
  std::vector<std::string> details;
  for (const AuditRecord& audit : report.candidates(0).audits()) {
    if (audit.kind() == kind) details.push_back(audit.detail());
  }
  return details;
}

TEST_F(SupervisorTest, ScoringKnowsWhatWasSpentAndVerified) {
  const Report report = Do("ok");
  EXPECT_THAT(Details(report, "spent"), ElementsAre("640"));
  EXPECT_THAT(Details(report, "verified"), ElementsAre("stamp"));
  EXPECT_THAT(Details(report, "twin"), ElementsAre());
  // Where a run's data were verified is no part of what it is.
  EXPECT_THAT(report.identity().spec(), Not(HasSubstr("stamp")));
}

TEST_F(SupervisorTest, AnAuditRunsTheMethodOnTheTwin) {
  spec_.mutable_measure()->set_audit(true);
  const Report report = Do("ok");
  EXPECT_THAT(Details(report, "twin"), ElementsAre("OK", "artifact"));
  EXPECT_THAT(report.identity().spec(), Not(HasSubstr("twin")));
  bool timed = false;
  for (const PhaseRecord& phase : report.overhead().phases()) {
    timed = timed || phase.name() == "twin: run";
  }
  EXPECT_TRUE(timed);
}

TEST_F(SupervisorTest, AMethodThatFailsOnTheTwinIsAFindingAndNotTheOutcome) {
  spec_.mutable_measure()->set_audit(true);
  const Report report = Do("knows_names");
  EXPECT_EQ(report.outcome().status(), Outcome::OK);
  EXPECT_THAT(Details(report, "twin"), ElementsAre("CRASHED"));
}

TEST_F(SupervisorTest, AnEarlierReportDoesNotOutliveItsRun) {
  Do("ok");
  options_.executable = "/absent/assay";
  const Report report = Do("ok");
  EXPECT_EQ(report.outcome().status(), Outcome::HARNESS_ERROR);
  EXPECT_FALSE(FileExists(Path(kScoreResultFile)));
}

TEST_F(SupervisorTest, WithoutAFolderThereIsNoReport) {
  spec_.set_output_dir(JoinPath(spec_.plugin_path(), "below/a/file"));
  spec_.set_method("ok");
  EXPECT_FALSE(Supervise(spec_, options_).ok());
  EXPECT_EQ(Supervise({}, options_).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace assay
