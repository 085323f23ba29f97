#include "harness/core/file.h"

#include <cstdlib>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace assay {
namespace {

using Names = std::vector<std::string>;

// An empty folder of its own for each test.
std::string Folder() {
  const auto* info = testing::UnitTest::GetInstance()->current_test_info();
  const std::string folder =
      JoinPath(testing::TempDir(), std::string("file_test_") + info->name());
  EXPECT_EQ(std::system(("rm -rf '" + folder + "'").c_str()), 0);
  EXPECT_TRUE(MakeFolders(folder).ok());
  return folder;
}

TEST(FileTest, WritesAndReadsBack) {
  const std::string path = JoinPath(Folder(), "a");
  const std::string bytes("with\0zero\n", 10);
  ASSERT_TRUE(WriteFileAtomically(path, bytes).ok());
  EXPECT_EQ(*ReadFile(path), bytes);
  ASSERT_TRUE(WriteFileAtomically(path, "").ok());
  EXPECT_EQ(*ReadFile(path), "");
}

TEST(FileTest, WriteMakesFoldersAndLeavesNoTemporary) {
  const std::string folder = Folder();
  ASSERT_TRUE(WriteFileAtomically(JoinPath(folder, "x/y/z"), "1").ok());
  EXPECT_EQ(*ListFolder(JoinPath(folder, "x/y")), Names{"z"});
}

TEST(FileTest, FailedWriteLeavesTheOldThingAndNoTemporary) {
  const std::string folder = Folder();
  ASSERT_TRUE(MakeFolders(JoinPath(folder, "taken/inside")).ok());
  const absl::Status status =
      WriteFileAtomically(JoinPath(folder, "taken"), "1");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(*ListFolder(folder), Names{"taken"});
}

TEST(FileTest, AbsentFileIsNotFoundByName) {
  const absl::Status status = ReadFile("no/such").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "open no/such: No such file or directory");
}

TEST(FileTest, FolderIsUnreadableAsAFile) {
  EXPECT_EQ(ReadFile(Folder()).status().code(), absl::StatusCode::kUnavailable);
}

TEST(FileTest, ReadsFilesThatReportNoSize) {
  EXPECT_FALSE(ReadFile("/proc/self/status")->empty());
}

TEST(FileTest, ListIsSortedNames) {
  const std::string folder = Folder();
  for (const char* name : {"b", "c", "a"}) {
    ASSERT_TRUE(WriteFileAtomically(JoinPath(folder, name), "").ok());
  }
  EXPECT_EQ(*ListFolder(folder), (Names{"a", "b", "c"}));
  EXPECT_EQ(ListFolder(JoinPath(folder, "none")).status().code(),
            absl::StatusCode::kNotFound);
}

TEST(FileTest, ExistsForFilesAndFolders) {
  const std::string folder = Folder();
  EXPECT_TRUE(FileExists(folder));
  EXPECT_FALSE(FileExists(JoinPath(folder, "none")));
}

TEST(FileTest, JoinsPaths) {
  EXPECT_EQ(JoinPath("a", "b"), "a/b");
  EXPECT_EQ(JoinPath("a/", "b"), "a/b");
  EXPECT_EQ(JoinPath("a", "/b"), "/b");
  EXPECT_EQ(JoinPath("", "b"), "b");
  EXPECT_EQ(JoinPath("a", ""), "a");
}

}  // namespace
}  // namespace assay
