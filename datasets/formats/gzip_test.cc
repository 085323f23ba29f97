#include "datasets/formats/gzip.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

using testing::HasSubstr;

std::string Message(const absl::StatusOr<std::string>& result) {
  return std::string(result.status().message());
}

TEST(GzipTest, RoundTrips) {
  const std::string big(3 << 20, 'x');
  for (const std::string& text : {std::string(), std::string("abc"), big}) {
    EXPECT_EQ(*Gunzip(Gzip(text), text.size(), "f"), text);
  }
}

TEST(GzipTest, EveryTruncationIsAnErrorThatNamesTheEnd) {
  const std::string whole = Gzip("some text, some text, some text");
  for (size_t n = 0; n < whole.size(); ++n) {
    const auto result = Gunzip(whole.substr(0, n), 100, "f.gz");
    EXPECT_EQ(Message(result),
              "f.gz: byte " + std::to_string(n) +
                  ": expected more gzip data, got the end of the file");
  }
}

// A few flips only change padding bits or name another copy of the same text.
TEST(GzipTest, EveryFlippedBitIsFoundOrHarmless) {
  const std::string text = "some text, some text, some text";
  const std::string whole = Gzip(text);
  for (size_t bit = 80; bit < whole.size() * 8; ++bit) {  // past the header
    std::string bad = whole;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    const auto result = Gunzip(bad, 100, "f");
    if (result.ok()) {
      EXPECT_EQ(*result, text);
    } else {
      EXPECT_EQ(result.status().code(), absl::StatusCode::kDataLoss);
    }
  }
}

TEST(GzipTest, OtherBytesAreNotGzip) {
  EXPECT_THAT(Message(Gunzip("PK\3\4 not gzip", 100, "f.gz")),
              HasSubstr("f.gz: byte 2: expected gzip data, got incorrect"));
}

TEST(GzipTest, MoreThanTheLimitIsRefused) {
  const std::string bomb = Gzip(std::string(1 << 24, '\0'));
  EXPECT_THAT(Message(Gunzip(bomb, 1000, "f.gz")),
              HasSubstr("expected at most 1000 bytes inside, got more"));
}

TEST(GzipTest, BytesAfterTheEndAreRefused) {
  const std::string one = Gzip("abc");
  EXPECT_EQ(Message(Gunzip(one + "de", 100, "f")),
            "f: byte " + std::to_string(one.size()) +
                ": expected the end of the file, got 2 bytes more");
}

}  // namespace
}  // namespace assay
