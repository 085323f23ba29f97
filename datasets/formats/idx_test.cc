#include "datasets/formats/idx.h"

#include <string>

#include "gtest/gtest.h"
#include "harness/core/random.h"

namespace assay {
namespace {

// Two images of 1 x 3.
const std::string& Valid() {
  static const auto* const bytes = new std::string(
      "\0\0\x08\x03\0\0\0\x02\0\0\0\x01\0\0\0\x03"
      "abcdef",
      22);
  return *bytes;
}

TEST(IdxTest, ParsesExtentsAndBytes) {
  const auto idx = ParseIdx(Valid(), 3, "f");
  ASSERT_TRUE(idx.ok()) << idx.status();
  EXPECT_EQ(idx->shape, (Shape{2, 1, 3}));
  EXPECT_EQ(idx->data, "abcdef");
}

TEST(IdxTest, EveryTruncationIsAnErrorAtItsEnd) {
  for (size_t n = 0; n < Valid().size(); ++n) {
    const absl::Status status = ParseIdx(Valid().substr(0, n), 3, "f").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    EXPECT_EQ(status.message().find("f: byte " + std::to_string(n) + ": "), 0u);
  }
  EXPECT_EQ(ParseIdx(Valid().substr(0, 20), 3, "f").status().message(),
            "f: byte 20: expected 6 bytes of data for [2,1,3], got 4");
}

TEST(IdxTest, BytesLeftOverAreRefused) {
  EXPECT_EQ(ParseIdx(Valid() + "g", 3, "f").status().message(),
            "f: byte 22: expected 6 bytes of data for [2,1,3], got 7");
}

TEST(IdxTest, WrongMagicNamesBoth) {
  EXPECT_EQ(ParseIdx(Valid(), 1, "f").status().message(),
            "f: byte 0: expected IDX magic 2049, got 2051");
}

TEST(IdxTest, HugeExtentsNeitherWrapNorAllocate) {
  std::string bytes = Valid();
  for (size_t i = 4; i < 16; ++i) bytes[i] = '\xff';
  EXPECT_EQ(ParseIdx(bytes, 3, "f").status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(IdxTest, RandomBytesNeverCrash) {
  RandomStream stream(1, "idx_test");
  for (int i = 0; i < 20000; ++i) {
    std::string bytes = Valid().substr(0, stream.Below(Valid().size() + 1));
    for (char& c : bytes) {
      if (stream.Below(4) == 0) c = static_cast<char>(stream.Below(256));
    }
    ParseIdx(bytes, static_cast<int>(1 + stream.Below(3)), "f")
        .status()
        .IgnoreError();
  }
}

}  // namespace
}  // namespace assay
