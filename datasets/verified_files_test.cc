#include "datasets/verified_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "harness/core/file.h"

namespace assay {
namespace {

class StampTest : public testing::Test {
 protected:
  void SetUp() override { Write("hello"); }
  // In place, so that the inode stays.
  void Write(const std::string& bytes) {
    std::ofstream(path_, std::ios::trunc) << bytes;
  }
  std::string Stamp(const std::string& sha256 = "a") {
    return StampOf({path_}, sha256, 0.0);
  }
  const std::string path_ =
      JoinPath(testing::TempDir(),
               testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(StampTest, StandsForOneStateOfOneFile) {
  const std::string stamp = Stamp();
  EXPECT_EQ(stamp.size(), 64u);
  EXPECT_EQ(Stamp(), stamp);
  EXPECT_NE(Stamp("b"), stamp);
}

TEST_F(StampTest, ChangesWithTheContentEvenWhenItsTimesAreSetBack) {
  struct stat before;
  ASSERT_EQ(stat(path_.c_str(), &before), 0);
  const std::string stamp = Stamp();
  usleep(20'000);  // a file system's clock may tick every 10 ms
  Write("jello");
  const timespec times[] = {before.st_atim, before.st_mtim};
  ASSERT_EQ(utimensat(AT_FDCWD, path_.c_str(), times, 0), 0);
  struct stat after;
  ASSERT_EQ(stat(path_.c_str(), &after), 0);
  EXPECT_EQ(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
  EXPECT_EQ(after.st_size, before.st_size);
  EXPECT_NE(Stamp(), stamp);
}

TEST_F(StampTest, ChangesWhenAnotherFileTakesItsPlace) {
  const std::string stamp = Stamp();
  ASSERT_TRUE(WriteFileAtomically(path_, "hello").ok());
  EXPECT_NE(Stamp(), stamp);
}

TEST_F(StampTest, AFileThatHasJustChangedHasNone) {
  EXPECT_EQ(StampOf({path_}, "a", 3600), "");
}

TEST_F(StampTest, WhatIsNoPlainFileHasNone) {
  EXPECT_EQ(StampOf({testing::TempDir()}, "a", 0.0), "");
  EXPECT_EQ(StampOf({path_ + ".absent"}, "a", 0.0), "");
}

TEST(VerifiedFilesTest, KnowsWhatItWasToldAndWhatWasAdded) {
  const std::vector<std::string> told = {"b"};
  VerifiedFiles files(told);
  EXPECT_TRUE(files.Has("b"));
  EXPECT_FALSE(files.Has("a"));
  files.Add("a");
  EXPECT_EQ(files.stamps(), (std::vector<std::string>{"a", "b"}));
}

}  // namespace
}  // namespace assay
