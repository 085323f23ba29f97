#include "harness/cli/git.h"

#include <cstdlib>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

class GitTest : public testing::Test {
 protected:
  void SetUp() override {
    if (std::system("git --version > /dev/null 2>&1") != 0) {
      GTEST_SKIP() << "there is no git on this machine";
    }
    std::string name = testing::TempDir() + "/gitXXXXXX";
    folder_ = mkdtemp(name.data());
    Shell("git init -q -b main .");
    for (const char* commit : {"one", "two", "three"}) {
      Shell(absl::StrCat("git commit -q --allow-empty -m ", commit,
                         " && git tag ", commit));
    }
    Shell("git checkout -q -b side one");
    Shell("git commit -q --allow-empty -m aside && git tag aside");
  }
  void Shell(const std::string& command) {
    ASSERT_EQ(
        std::system(absl::StrCat("cd ", folder_,
                                 " && export HOME=. GIT_AUTHOR_NAME=a "
                                 "GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a "
                                 "GIT_COMMITTER_EMAIL=a@b && ",
                                 command)
                        .c_str()),
        0)
        << command;
  }
  std::string folder_;
};

TEST_F(GitTest, CommitsInTheirOrderWithBothEnds) {
  const auto commits = CommitsBetween(folder_, "one", "three");
  ASSERT_TRUE(commits.ok()) << commits.status();
  ASSERT_EQ(commits->size(), 3u);
  EXPECT_EQ((*commits)[1], (*CommitsBetween(folder_, "two", "three"))[0]);
  EXPECT_EQ((*commits)[0].size(), 40u);
}

TEST_F(GitTest, RefusesWhatIsNoHistory) {
  for (const auto& [good, bad] :
       std::vector<std::pair<std::string, std::string>>{
           {"aside", "three"}, {"none", "three"}, {"--all", "three"}}) {
    EXPECT_EQ(CommitsBetween(folder_, good, bad).status().code(),
              absl::StatusCode::kInvalidArgument)
        << good;
  }
}

}  // namespace
}  // namespace assay
