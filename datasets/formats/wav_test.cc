#include "datasets/formats/wav.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/random.h"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

std::string Valid() { return WriteWav({16384, -32768, 0}, 8000); }

std::string Message(absl::string_view bytes) {
  return std::string(ParseWav(bytes, "f.wav").status().message());
}

TEST(WavTest, ReadsRateAndSamples) {
  const auto wav = ParseWav(Valid(), "f.wav");
  ASSERT_TRUE(wav.ok()) << wav.status();
  EXPECT_EQ(wav->rate, 8000);
  EXPECT_THAT(wav->samples, ElementsAre(0.5f, -1.0f, 0.0f));
}

TEST(WavTest, PassesOverOtherChunks) {
  std::string bytes = Valid();
  bytes.insert(36, std::string("LIST\3\0\0\0abc\0", 12));  // odd, so padded
  const auto wav = ParseWav(bytes, "f.wav");
  ASSERT_TRUE(wav.ok()) << wav.status();
  EXPECT_EQ(wav->samples.size(), 3u);
}

TEST(WavTest, EveryTruncationIsDataLoss) {
  for (size_t n = 0; n < Valid().size(); ++n) {
    EXPECT_EQ(ParseWav(Valid().substr(0, n), "f").status().code(),
              absl::StatusCode::kDataLoss);
  }
  EXPECT_EQ(Message(Valid().substr(0, 47)),
            "f.wav: byte 47: expected 6 bytes in chunk \"data\" at 36, got 3");
  EXPECT_EQ(Message(Valid().substr(0, 36)),
            "f.wav: byte 36: expected a \"data\" chunk, got the end of the "
            "file");
}

TEST(WavTest, WrongFieldsAreNamed) {
  const auto with = [](size_t offset, char value) {
    std::string bytes = Valid();
    bytes[offset] = value;
    return bytes;
  };
  EXPECT_EQ(Message(with(3, 'X')),
            "f.wav: byte 0: expected \"RIFF\", got \"RIFX\"");
  EXPECT_EQ(Message(with(20, 3)),
            "f.wav: byte 20: expected format (PCM) 1, got 3");
  EXPECT_EQ(Message(with(22, 2)), "f.wav: byte 22: expected channels 1, got 2");
  EXPECT_EQ(Message(with(34, 8)),
            "f.wav: byte 34: expected bits per sample 16, got 8");
  EXPECT_THAT(Message(with(12, 'x')),
              StartsWith("f.wav: byte 36: expected \"fmt \", got \"data\""));
}

TEST(WavTest, RandomBytesNeverCrash) {
  RandomStream stream(1, "wav_test");
  for (int i = 0; i < 20000; ++i) {
    std::string bytes = Valid();
    for (uint64_t hits = stream.Below(4); hits > 0; --hits) {
      bytes[stream.Below(bytes.size())] = static_cast<char>(stream.Below(256));
    }
    bytes.resize(stream.Below(bytes.size() + 1));
    ParseWav(bytes, "f").status().IgnoreError();
  }
}

}  // namespace
}  // namespace assay
