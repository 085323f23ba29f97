#include "harness/host/supervisor_outcome.h"

#include <signal.h>

#include <cmath>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/host/compress_result.pb.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ChildResult Signalled(int signal) {
  ChildResult child;
  child.end = ChildEnd::kSignalled;
  child.signal = signal;
  child.stage = "COMPRESS: after_backward";
  return child;
}

CompressResult Whole() {
  CompressResult result;
  result.mutable_outcome()->set_status(Outcome::OK);
  result.mutable_outcome()->set_stage(Outcome::DONE);
  result.add_submissions()->set_folder("artifacts/0");
  return result;
}

TEST(CompressOutcomeTest, ASignalIsACrashWithItsPlace) {
  ChildResult child = Signalled(SIGSEGV);
  child.last_lines = {"calibrating conv1"};
  const Outcome outcome =
      CompressOutcome(child, absl::NotFoundError("none"), {}, 1);
  EXPECT_EQ(outcome.status(), Outcome::CRASHED);
  EXPECT_EQ(outcome.stage(), Outcome::COMPRESS);
  EXPECT_EQ(outcome.hook(), "after_backward");
  EXPECT_EQ(outcome.signal(), SIGSEGV);
  EXPECT_EQ(outcome.signal_name(), "SIGSEGV");
  EXPECT_THAT(outcome.last_log_lines(), ElementsAre("calibrating conv1"));
}

// Whatever it had left: what a process that crashed wrote is not trusted.
TEST(CompressOutcomeTest, ACrashOutweighsAWholeResult) {
  EXPECT_EQ(CompressOutcome(Signalled(SIGABRT), absl::OkStatus(), Whole(), 1)
                .status(),
            Outcome::CRASHED);
}

TEST(CompressOutcomeTest, MemoryIsToldFromACrash) {
  ChildResult child = Signalled(SIGABRT);
  child.last_lines = {
      "terminate called after throwing an instance of "
      "'std::bad_alloc'"};
  EXPECT_EQ(CompressOutcome(child, absl::OkStatus(), Whole(), 1).status(),
            Outcome::OUT_OF_MEMORY);
  EXPECT_EQ(CompressOutcome(Signalled(SIGKILL), absl::OkStatus(), Whole(), 1)
                .status(),
            Outcome::OUT_OF_MEMORY);
}

TEST(CompressOutcomeTest, ExitsAndLimits) {
  ChildResult child;
  EXPECT_EQ(CompressOutcome(child, absl::NotFoundError("none"), {}, 1).status(),
            Outcome::EXITED);
  child.exit_code = 3;
  Outcome outcome = CompressOutcome(child, absl::OkStatus(), Whole(), 1);
  EXPECT_EQ(outcome.status(), Outcome::EXITED);
  EXPECT_EQ(outcome.exit_code(), 3);
  child.end = ChildEnd::kTimedOut;
  EXPECT_EQ(CompressOutcome(child, absl::OkStatus(), Whole(), 1).status(),
            Outcome::TIMED_OUT);
  child.end = ChildEnd::kStopped;
  EXPECT_EQ(CompressOutcome(child, absl::OkStatus(), Whole(), 1).status(),
            Outcome::ABORTED);
}

TEST(CompressOutcomeTest, ResultsThatCannotBeRead) {
  const Outcome outcome = CompressOutcome(
      {}, absl::DataLossError("expected a CompressResult"), {}, 1);
  EXPECT_EQ(outcome.status(), Outcome::INVALID_SUBMISSION);
  EXPECT_EQ(outcome.stage(), Outcome::SUBMIT);
  EXPECT_EQ(outcome.code(), "DATA_LOSS");
}

TEST(CompressOutcomeTest, EveryBudgetNeedsACandidate) {
  EXPECT_EQ(CompressOutcome({}, absl::OkStatus(), Whole(), 0).status(),
            Outcome::OK);
  EXPECT_EQ(CompressOutcome({}, absl::OkStatus(), Whole(), 1).status(),
            Outcome::OK);
  const Outcome outcome = CompressOutcome({}, absl::OkStatus(), Whole(), 2);
  EXPECT_EQ(outcome.status(), Outcome::INVALID_SUBMISSION);
  EXPECT_THAT(outcome.message(), HasSubstr("each of 2 budgets, got 1"));
}

TEST(CheckCompressResultTest, RefusesWhatIsNotTheChildsToState) {
  EXPECT_TRUE(CheckCompressResult(Whole(), 1).ok());
  CompressResult result = Whole();
  result.mutable_outcome()->set_status(Outcome::CRASHED);
  EXPECT_FALSE(CheckCompressResult(result, 1).ok());
  result = Whole();
  result.mutable_ledger()->set_joules(std::nan(""));
  EXPECT_FALSE(CheckCompressResult(result, 1).ok());
  result = Whole();
  result.add_phases()->set_seconds(-1);
  EXPECT_FALSE(CheckCompressResult(result, 1).ok());
}

TEST(CheckCompressResultTest, KeepsArtifactsInTheirFolder) {
  for (const char* folder :
       {"", "artifacts", "artifacts/", "artifacts/..", "artifacts/../x", "/etc",
        "artifacts/a/b", "../artifacts/0"}) {
    CompressResult result = Whole();
    result.mutable_submissions(0)->set_folder(folder);
    EXPECT_FALSE(CheckCompressResult(result, 1).ok()) << folder;
  }
}

TEST(CheckCompressResultTest, RefusesStrangeBudgets) {
  CompressResult result = Whole();
  *result.add_submissions() = result.submissions(0);
  EXPECT_THAT(std::string(CheckCompressResult(result, 1).message()),
              HasSubstr("two submissions for budget 0"));
  for (int budget : {-1, 1}) {
    result = Whole();
    result.mutable_submissions(0)->set_budget(budget);
    EXPECT_FALSE(CheckCompressResult(result, 1).ok());
  }
}

TEST(TrustedOutcomeTest, OurOwnProcessesNeverCountAsTheMethodsFault) {
  Outcome said;
  said.set_status(Outcome::OK);
  EXPECT_EQ(TrustedOutcome({}, absl::OkStatus(), said, Outcome::SCORE).status(),
            Outcome::OK);
  EXPECT_EQ(
      TrustedOutcome(Signalled(SIGSEGV), absl::OkStatus(), said, Outcome::SCORE)
          .status(),
      Outcome::HARNESS_ERROR);
  const Outcome lost = TrustedOutcome({}, absl::NotFoundError("no result"),
                                      said, Outcome::SCORE);
  EXPECT_EQ(lost.status(), Outcome::HARNESS_ERROR);
  EXPECT_EQ(lost.stage(), Outcome::SCORE);
}

TEST(OutcomeOfTest, SomeCodesDecideTheStatus) {
  EXPECT_EQ(OutcomeOf(absl::UnimplementedError("conv3d"),
                      Outcome::HARNESS_ERROR, Outcome::MEASURE)
                .status(),
            Outcome::UNSUPPORTED);
  EXPECT_EQ(OutcomeOf(absl::InternalError("x"), Outcome::HARNESS_ERROR,
                      Outcome::MEASURE)
                .code(),
            "INTERNAL");
}

TEST(PrintableTest, KeepsUtf8AndReplacesTheRest) {
  EXPECT_EQ(Printable("naïve ✓ 😀"), "naïve ✓ 😀");
  EXPECT_EQ(Printable("a\xff\xc3(b\xe2\x82"), "a?\?(b??");
  EXPECT_EQ(Printable("\xed\xa0\x80"), "???");  // a surrogate
  EXPECT_EQ(Printable("abc", 2), "ab");
}

}  // namespace
}  // namespace assay
