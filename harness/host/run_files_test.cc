#include "harness/host/run_files.h"

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/file.h"
#include "harness/host/compress_result.pb.h"
#include "harness/host/run_spec.pb.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

std::string Path(const std::string& name) {
  return JoinPath(::testing::TempDir(), name);
}

void Put(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

TEST(RunFilesTest, ReadsBackASpec) {
  RunSpec spec;
  spec.set_method("magnitude");
  (*spec.mutable_parameters())["scope"] = "lamp";
  spec.add_budgets()->set_sparsity(0.9);
  ASSERT_TRUE(WriteRunSpec(Path("spec"), spec).ok());
  auto read = ReadRunSpec(Path("spec"));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->SerializeAsString(), spec.SerializeAsString());
}

TEST(RunFilesTest, SaysWhereASpecIsWrong) {
  Put(Path("wrong"), "method: \"x\"\nseed: \"y\"\n");
  const absl::Status status = ReadRunSpec(Path("wrong")).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("line 2, column 7"));
}

TEST(RunFilesTest, ReadsBackAMessage) {
  CompressResult result;
  result.add_submissions()->set_folder("artifacts/0");
  ASSERT_TRUE(WriteMessage(Path("result"), result).ok());
  CompressResult read;
  ASSERT_TRUE(ReadMessage(Path("result"), &read).ok());
  EXPECT_EQ(read.submissions(0).folder(), "artifacts/0");
}

TEST(RunFilesTest, RefusesOtherBytesLinksAndFolders) {
  CompressResult result;
  EXPECT_EQ(ReadMessage(Path("absent"), &result).code(),
            absl::StatusCode::kNotFound);
  Put(Path("garbage"), "\xff\xff\xff garbage");
  EXPECT_EQ(ReadMessage(Path("garbage"), &result).code(),
            absl::StatusCode::kDataLoss);
  std::filesystem::remove(Path("link"));
  std::filesystem::create_symlink(Path("garbage"), Path("link"));
  EXPECT_EQ(ReadMessage(Path("link"), &result).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadMessage(::testing::TempDir(), &result).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(RunFilesTest, RefusesMoreThanItsLimitBeforeReading) {
  Put(Path("huge"), "");
  std::filesystem::resize_file(Path("huge"), 1ull << 40);
  CompressResult result;
  EXPECT_EQ(ReadMessage(Path("huge"), &result).code(),
            absl::StatusCode::kResourceExhausted);
  std::filesystem::remove(Path("huge"));
}

}  // namespace
}  // namespace assay
