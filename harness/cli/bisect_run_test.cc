#include "harness/cli/bisect_run.h"

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/cli/git.h"
#include "harness/core/file.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Nine commits, each with its number in the file "number".
class BisectRunTest : public testing::Test {
 protected:
  void SetUp() override {
    if (std::system("git --version > /dev/null 2>&1") != 0) {
      GTEST_SKIP() << "there is no git on this machine";
    }
    std::string name = testing::TempDir() + "/bisectXXXXXX";
    folder_ = mkdtemp(name.data());
    options_.repository = folder_ + "/repository";
    options_.folder = folder_ + "/work";
    ASSERT_OK(MakeFolders(options_.repository));
    ASSERT_EQ(
        std::system(
            absl::StrCat("cd ", options_.repository,
                         " && export HOME=. GIT_AUTHOR_NAME=a "
                         "GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a "
                         "GIT_COMMITTER_EMAIL=a@b && git init -q -b main . && "
                         "for i in 1 2 3 4 5 6 7 8 9; do echo $i > number && "
                         "git add number && git commit -q -m $i && git tag n$i;"
                         " done")
                .c_str()),
        0);
    ASSERT_OK_AND_ASSIGN(commits_,
                         CommitsBetween(options_.repository, "n1", "n9"));
  }

  // The numbers of the commits at which the command ran, in that order.
  std::vector<std::string> Ran() {
    const auto text = ReadFile(folder_ + "/ran");
    return text.ok() ? absl::StrSplit(*text, '\n', absl::SkipEmpty())
                     : std::vector<std::string>();
  }
  // A command that leaves a trace and then judges its commit's number, $n.
  void Command(const std::string& judge) {
    options_.command =
        absl::StrCat("n=$(cat number); echo $n >> ", folder_, "/ran; ", judge);
  }
  std::string NumberOf(const std::string& commit) {
    for (size_t i = 0; i < commits_.size(); ++i) {
      if (commits_[i] == commit) return absl::StrCat(i + 1);
    }
    return "none";
  }

  std::string folder_;
  BisectRunOptions options_;
  std::vector<std::string> commits_;
};

TEST_F(BisectRunTest, ExitCodesFindTheFirstBadCommit) {
  Command("test $n -lt 6");
  ASSERT_OK_AND_ASSIGN(const BisectStep step, RunBisect(options_, commits_));
  EXPECT_EQ(NumberOf(step.first_bad), "6");
  EXPECT_EQ(NumberOf(step.last_good), "5");
  EXPECT_THAT(Ran(), ElementsAre("5", "7", "6"));
  // Nothing stays behind but what it learnt.
  EXPECT_FALSE(FileExists(options_.folder + "/tree"));
  EXPECT_EQ(*ReadFile(options_.repository + "/number"), "9\n");
}

TEST_F(BisectRunTest, Code125SkipsACommit) {
  Command("test $n = 5 && exit 125; test $n -lt 6");
  ASSERT_OK_AND_ASSIGN(const BisectStep step, RunBisect(options_, commits_));
  EXPECT_EQ(NumberOf(step.first_bad), "6");
  EXPECT_EQ(NumberOf(step.last_good), "4");
  EXPECT_EQ(step.next, "");
  ASSERT_EQ(step.skipped.size(), 1u);
  EXPECT_EQ(NumberOf(step.skipped[0]), "5");
}

TEST_F(BisectRunTest, GoesOnWhereItWasInterrupted) {
  // The second run ends by a signal, as Ctrl-C and a power cut would.
  Command(absl::StrCat("test $n = 7 && test ! -e ", folder_,
                       "/again && kill -9 $$; test $n -lt 6"));
  const absl::Status ended = RunBisect(options_, commits_).status();
  EXPECT_EQ(ended.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(ended.message()), HasSubstr("signal 9"));
  EXPECT_THAT(Ran(), ElementsAre("5", "7"));
  ASSERT_OK(WriteFileAtomically(folder_ + "/again", ""));
  ASSERT_OK_AND_ASSIGN(const BisectStep step, RunBisect(options_, commits_));
  EXPECT_EQ(NumberOf(step.first_bad), "6");
  EXPECT_THAT(Ran(), ElementsAre("5", "7", "7", "6"));  // 5 not again
  ASSERT_OK(RunBisect(options_, commits_).status());
  EXPECT_EQ(Ran().size(), 4u);
}

TEST_F(BisectRunTest, AnotherCommandDoesNotGoOn) {
  Command("test $n -lt 6");
  ASSERT_OK(RunBisect(options_, commits_).status());
  Command("test $n -lt 3");
  EXPECT_THAT(std::string(RunBisect(options_, commits_).status().message()),
              HasSubstr("of another command or other commits"));
}

TEST_F(BisectRunTest, CodesFrom128OnEndIt) {
  Command("exit 130");
  EXPECT_THAT(std::string(RunBisect(options_, commits_).status().message()),
              HasSubstr("its output is in"));
}

TEST_F(BisectRunTest, AMetricJudgesWhatTheCommandLeft) {
  // Whatever was written into the folders of reports by now.
  options_.measured =
      [&](const std::string&) -> absl::StatusOr<ValuesByCommit> {
    ValuesByCommit values;
    for (const std::string& commit : commits_) {
      const auto text =
          ReadFile(JoinPath(JoinPath(options_.folder, commit), "value"));
      if (text.ok()) values[commit] = {std::stod(*text)};
    }
    return values;
  };
  Command(
      "test $n = 5 && exit 1; "
      "test $n -lt 4 && v=100 || v=112; echo $v > \"$ASSAY_BISECT_OUT/value\"");
  ASSERT_OK_AND_ASSIGN(const BisectStep step, RunBisect(options_, commits_));
  EXPECT_EQ(NumberOf(step.first_bad), "4");
  EXPECT_THAT(Ran(), ElementsAre("1", "9", "5", "4", "2", "3"));
}

TEST_F(BisectRunTest, ACommandThatLeavesNoValueIsNotTrusted) {
  options_.measured = [](const std::string&) { return ValuesByCommit(); };
  Command("true");
  EXPECT_THAT(std::string(RunBisect(options_, commits_).status().message()),
              HasSubstr("left no report with the metric"));
}

}  // namespace
}  // namespace assay
