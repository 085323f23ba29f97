#include "harness/core/hash.h"

#include "gtest/gtest.h"
#include "harness/core/file.h"

namespace assay {
namespace {

// FIPS 180-2, appendix B.1, and the well-known digest of nothing.
constexpr char kOfAbc[] =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr char kOfNothing[] =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

TEST(HashTest, KnownAnswers) {
  EXPECT_EQ(Sha256Hex("abc"), kOfAbc);
  EXPECT_EQ(Sha256Hex(""), kOfNothing);
}

TEST(HashTest, PiecesEqualTheWhole) {
  Sha256 hash;
  hash.Update("a");
  hash.Update("");
  hash.Update("bc");
  EXPECT_EQ(hash.Hex(), kOfAbc);
}

TEST(HashTest, HashesFiles) {
  const std::string path = JoinPath(testing::TempDir(), "hash_test_abc");
  ASSERT_TRUE(WriteFileAtomically(path, "abc").ok());
  EXPECT_EQ(*Sha256OfFile(path), kOfAbc);
}

TEST(HashTest, AbsentFileIsNotFoundByName) {
  const absl::Status status = Sha256OfFile("no/such/file").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "open no/such/file: No such file or directory");
}

TEST(HashTest, FolderIsUnavailable) {
  EXPECT_EQ(Sha256OfFile(testing::TempDir()).status().code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace assay
