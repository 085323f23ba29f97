#include "datasets/data_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "datasets/verified_files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/file.h"
#include "harness/core/hash.h"

namespace assay {
namespace {

using testing::EndsWith;

// A data set of one file, "a" = "hello", and one folder, "many/", with "x" =
// "1" and "y" = "22", in a fresh data_dir.
class DataFilesTest : public testing::Test {
 protected:
  DataFilesTest() {
    const std::string command = "rm -rf '" + dir_ + "'";
    EXPECT_EQ(std::system(command.c_str()), 0);
    info_.name = "toy";
    info_.folder = "toy-data";
    info_.files = {
        {"a", 5, Sha256Hex("hello"), ""},
        {"many/", 3,
         Sha256Hex(Sha256Hex("1") + "  x\n" + Sha256Hex("22") + "  y\n"), ""}};
    Write("a", "hello");
    Write("many/x", "1");
    Write("many/y", "22");
  }
  void Write(const std::string& name, const std::string& bytes) {
    EXPECT_TRUE(
        WriteFileAtomically(JoinPath(FolderOf(info_, dir_), name), bytes).ok());
  }
  absl::StatusOr<std::string> ReadA(bool verify = true) {
    return ReadDataFile(info_, {dir_, {}, verify}, "a", &digests_);
  }

  const std::string dir_ = JoinPath(testing::TempDir(), "data_files_test");
  DatasetInfo info_;
  std::vector<std::string> digests_;
};

TEST_F(DataFilesTest, ReadsAListedFileAndItsDigest) {
  EXPECT_EQ(*ReadA(), "hello");
  EXPECT_EQ(digests_, std::vector<std::string>{Sha256Hex("hello")});
}

TEST_F(DataFilesTest, TruncatedFileNamesByteAndSizes) {
  Write("a", "hel");
  EXPECT_EQ(ReadA().status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(ReadA().status().message()),
              EndsWith("toy-data/a: byte 3: expected 5 bytes in all, got 3"));
}

TEST_F(DataFilesTest, ChangedFileNamesBothDigests) {
  Write("a", "jello");
  EXPECT_THAT(std::string(ReadA().status().message()),
              EndsWith("toy-data/a: expected SHA-256 " + Sha256Hex("hello") +
                       ", got " + Sha256Hex("jello")));
}

TEST_F(DataFilesTest, UnverifiedReadTakesAnything) {
  Write("a", "other text");
  EXPECT_EQ(*ReadA(/*verify=*/false), "other text");
}

TEST_F(DataFilesTest, AbsentFileIsNotFound) {
  info_.folder = "nowhere";
  for (bool verify : {true, false}) {
    EXPECT_EQ(ReadA(verify).status().code(), absl::StatusCode::kNotFound);
  }
}

TEST_F(DataFilesTest, ReadsAFolderInOrder) {
  const auto all = ReadDataFolder(info_, {dir_, {}, true}, "many/", &digests_);
  ASSERT_TRUE(all.ok()) << all.status();
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ((*all)[1].name, "y");
  EXPECT_EQ((*all)[1].bytes, "22");
}

TEST_F(DataFilesTest, ExtraOrChangedFileInAFolderIsDataLoss) {
  Write("many/y", "23");
  const auto read = [this] {
    return ReadDataFolder(info_, {dir_, {}, true}, "many/", &digests_)
        .status()
        .code();
  };
  EXPECT_EQ(read(), absl::StatusCode::kDataLoss);
  Write("many/y", "22");
  EXPECT_EQ(read(), absl::StatusCode::kOk);
  Write("many/z", "");
  EXPECT_EQ(read(), absl::StatusCode::kDataLoss);
}

TEST_F(DataFilesTest, CheckFilesTellsAbsentFromDamaged) {
  EXPECT_TRUE(VerifyDataset(info_, dir_).ok());
  Write("many/x", "0");
  info_.files.push_back({"gone", 1, "", ""});
  const std::vector<FileReport> reports = CheckFiles(info_, dir_);
  ASSERT_EQ(reports.size(), 3u);
  EXPECT_EQ(reports[0].state, FileState::kVerified);
  EXPECT_EQ(reports[1].state, FileState::kDamaged);
  EXPECT_EQ(reports[2].state, FileState::kAbsent);
  EXPECT_EQ(VerifyDataset(info_, dir_), reports[1].status);
}

TEST(FingerprintTest, ChangesWithEverythingThatShapesTheContent) {
  const std::string base = Fingerprint("n", {{"a", "1"}}, {"d"});
  EXPECT_EQ(base, Fingerprint("n", {{"a", "1"}}, {"d"}));
  EXPECT_NE(base, Fingerprint("m", {{"a", "1"}}, {"d"}));
  EXPECT_NE(base, Fingerprint("n", {{"a", "2"}}, {"d"}));
  EXPECT_NE(base, Fingerprint("n", {{"a", "1"}}, {"e"}));
}

// Touched long enough ago for a stamp.
void SetBack(const std::string& path) {
  const timespec times[] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
}

TEST_F(DataFilesTest, AFileThatHasJustChangedIsHashedEachTime) {
  DatasetArgs args = {dir_, {}, true, std::make_shared<VerifiedFiles>()};
  ASSERT_TRUE(ReadDataFile(info_, args, "a", &digests_).ok());
  EXPECT_TRUE(args.verified->stamps().empty());
}

TEST_F(DataFilesTest, WhatIsKnownIsNotHashedAndWhatChangedIs) {
  // A file's last change of anything cannot be set back: its stamp is given.
  const std::string path = PathOf(info_, dir_, "a");
  const DatasetArgs args = {dir_, {}, true, std::make_shared<VerifiedFiles>()};
  Write("a", "jello");  // not what is listed: hashing would refuse it
  std::string stamp;
  for (int tries = 0; tries < 50 && stamp.empty(); ++tries) {
    usleep(100'000);
    stamp = StampOf({path}, Sha256Hex("hello"));
  }
  args.verified->Add(stamp);
  EXPECT_EQ(*ReadDataFile(info_, args, "a", &digests_), "jello");
  EXPECT_EQ(digests_, std::vector<std::string>{Sha256Hex("hello")});
  SetBack(path);  // touched: no longer known
  EXPECT_EQ(ReadDataFile(info_, args, "a", &digests_).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST_F(DataFilesTest, WhatIsVerifiedBecomesKnown) {
  const DatasetArgs args = {dir_, {}, true, std::make_shared<VerifiedFiles>()};
  for (int tries = 0; tries < 50 && args.verified->stamps().size() < 2;
       ++tries) {
    usleep(100'000);
    ASSERT_TRUE(ReadDataFile(info_, args, "a", &digests_).ok());
    ASSERT_TRUE(ReadDataFolder(info_, args, "many/", &digests_).ok());
  }
  EXPECT_EQ(args.verified->stamps().size(), 2u);
  digests_.clear();
  ASSERT_TRUE(ReadDataFolder(info_, args, "many/", &digests_).ok());
  EXPECT_EQ(digests_, std::vector<std::string>{info_.files[1].sha256});
  Write("many/z", "3");  // one more than was known
  EXPECT_EQ(ReadDataFolder(info_, args, "many/", &digests_).status().code(),
            absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace assay
