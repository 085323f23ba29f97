#include "harness/train/checkpoint.h"

#include <cstdlib>
#include <string>

#include "absl/base/internal/endian.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/file.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

std::string FileOf(absl::string_view header, size_t data_bytes) {
  std::string bytes(8, '\0');
  absl::little_endian::Store64(&bytes[0], header.size());
  return absl::StrCat(bytes, header, std::string(data_bytes, 'x'));
}

std::string ErrorOf(absl::string_view bytes) {
  const auto checkpoint = ParseCheckpoint(bytes, "net.safetensors");
  return checkpoint.ok() ? "ok" : std::string(checkpoint.status().message());
}

Checkpoint Small() {
  Checkpoint c;
  c.parameters.Set("conv1.weights", Tensor::From<float>({2, 1}, {1.5f, -2}));
  c.parameters.Set("count", Tensor::From<int64_t>({}, {7}));
  c.parameters.Set("mask", Tensor::From<uint8_t>({3}, {1, 0, 1}));
  c.parameters.Set("none", Tensor(DType::kF32, {0, 4}));
  c.metadata["note"] = "quote \" backslash \\ line\nend \xc3\xa9";
  return c;
}

TEST(CheckpointTest, ComesBackToTheBit) {
  const std::string path =
      JoinPath(::testing::TempDir(), "round/trip.safetensors");
  const Checkpoint small = Small();
  ASSERT_TRUE(WriteCheckpoint(path, small).ok());
  const auto read = ReadCheckpoint(path);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->metadata, small.metadata);
  ASSERT_EQ(read->parameters.Names(), small.parameters.Names());
  for (const auto& [name, tensor] : small.parameters.values()) {
    EXPECT_TRUE(BitEqual(*read->parameters.Find(name), tensor)) << name;
  }
}

TEST(CheckpointTest, SameParametersGiveTheSameBytes) {
  EXPECT_EQ(SerializeCheckpoint(Small()), SerializeCheckpoint(Small()));
}

TEST(CheckpointTest, WritesTheFormatOthersRead) {
  Checkpoint c;
  c.parameters.Set("w", Tensor::From<float>({1}, {1.0f}));
  const std::string bytes = SerializeCheckpoint(c);
  EXPECT_EQ(absl::little_endian::Load64(bytes.data()) % 8, 0u);
  EXPECT_THAT(
      bytes.substr(8),
      HasSubstr(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})"));
  EXPECT_EQ(bytes.substr(bytes.size() - 4), std::string("\0\0\x80\x3f", 4));
}

TEST(CheckpointTest, ReadsTensorsInAnyOrderAndEscapedNames) {
  const auto c = ParseCheckpoint(
      FileOf(R"( {"b":{"shape":[2],"data_offsets":[4,6],"dtype":"U8"},
                  "\u0061\ud83d\ude00":{"dtype":"F32","shape":[],
                  "data_offsets":[0,4]}} )",
             6),
      "x");
  ASSERT_TRUE(c.ok()) << c.status();
  EXPECT_EQ(c->parameters.Names(),
            std::vector<std::string>({"a\xf0\x9f\x98\x80", "b"}));
}

TEST(CheckpointTest, TruncatedAtEveryByteIsAnErrorThatNamesTheFile) {
  const std::string whole = SerializeCheckpoint(Small());
  for (size_t n = 0; n < whole.size(); ++n) {
    EXPECT_THAT(ErrorOf(whole.substr(0, n)), HasSubstr("net.safetensors")) << n;
  }
  EXPECT_THAT(ErrorOf(whole + "x"), HasSubstr("expected the end of the file"));
}

TEST(CheckpointTest, MalformedHeadersSayWhereExpectedAndGot) {
  EXPECT_THAT(ErrorOf(FileOf("[]", 0)),
              HasSubstr("offset 8: expected '{', got '['"));
  EXPECT_THAT(ErrorOf(FileOf("{} {}", 0)),
              HasSubstr("offset 11: expected nothing after the object"));
  EXPECT_THAT(ErrorOf(FileOf(R"({"w":{"dtype":"F32","shape":[-1]}})", 0)),
              HasSubstr("expected an unsigned integer, got '-'"));
  EXPECT_THAT(ErrorOf(FileOf(R"({"w":{"dtype":"F32","shape":[1]}})", 4)),
              HasSubstr("expected dtype, shape and data_offsets"));
  EXPECT_THAT(ErrorOf(FileOf(R"({"w":{"colour":"F32"}})", 4)),
              HasSubstr("unknown key \"colour\""));
  EXPECT_THAT(ErrorOf(FileOf(R"({"w":{"shape":[99999999999999999999]}})", 4)),
              HasSubstr("does not fit"));
}

TEST(CheckpointTest, LyingHeadersAreRefused) {
  const auto one = [](absl::string_view dtype, absl::string_view shape,
                      absl::string_view offsets) {
    return FileOf(absl::StrCat(R"({"w":{"dtype":")", dtype, R"(","shape":)",
                               shape, R"(,"data_offsets":)", offsets, "}}"),
                  8);
  };
  EXPECT_EQ(ErrorOf(one("F32", "[2]", "[0,8]")), "ok");
  EXPECT_THAT(ErrorOf(one("F32", "[2]", "[0,4]")),
              HasSubstr("expected 8 bytes for F32[2]"));
  EXPECT_THAT(ErrorOf(one("F32", "[3]", "[0,12]")),
              HasSubstr("before the file ends"));
  EXPECT_THAT(ErrorOf(one("F32", "[1]", "[4,8]")), HasSubstr("gap"));
  EXPECT_THAT(ErrorOf(one("F32", "[1]", "[0,4]")), HasSubstr("4 more bytes"));
  EXPECT_THAT(ErrorOf(one("F16", "[4]", "[0,8]")), HasSubstr("\"F16\""));
  EXPECT_THAT(ErrorOf(one("F32", "[4294967296,4294967296]", "[0,8]")),
              HasSubstr("too large"));
}

TEST(CheckpointTest, HeaderLengthIsBounded) {
  std::string bytes(16, '\xff');
  EXPECT_THAT(ErrorOf(bytes), HasSubstr("header length of at most 8 bytes"));
}

TEST(CheckpointTest, ReadsPublicWeights) {
  const char* data = std::getenv("ASSAY_DATA_DIR");
  if (data == nullptr) GTEST_SKIP() << "ASSAY_DATA_DIR is not set";
  const auto c = ReadCheckpoint(
      JoinPath(data, "models/cifar10-resnet/resnet20-12fca82f.safetensors"));
  ASSERT_TRUE(c.ok()) << c.status();
  EXPECT_EQ(c->parameters.Find("conv1.weight")->shape(), Shape({16, 3, 3, 3}));
}

}  // namespace
}  // namespace assay
