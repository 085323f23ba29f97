#include "harness/core/random.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

#include "gtest/gtest.h"

namespace assay {
namespace {

using Block = std::array<uint32_t, 4>;

// The known answers published with Random123 (kat_vectors, philox4x32 10).
TEST(PhiloxTest, KnownAnswerOfZeros) {
  EXPECT_EQ(Philox4x32({0, 0, 0, 0}, {0, 0}),
            (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
}

TEST(PhiloxTest, KnownAnswerOfOnes) {
  const uint32_t f = 0xffffffff;
  EXPECT_EQ(Philox4x32({f, f, f, f}, {f, f}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
}

TEST(PhiloxTest, KnownAnswerOfPi) {
  EXPECT_EQ(Philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                       {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(RandomStreamTest, SameSeedAndNameSameWords) {
  RandomStream a(7, "init"), b(7, "init");
  for (int i = 0; i < 9; ++i) EXPECT_EQ(a.NextU32(), b.NextU32());
}

TEST(RandomStreamTest, SeedsAndNamesSeparateStreams) {
  std::set<uint64_t> first;
  for (uint64_t seed : {uint64_t{0}, uint64_t{1}, ~uint64_t{0}}) {
    for (const char* name : {"", "init", "init/1", "augment"}) {
      first.insert(RandomStream(seed, name).NextU64());
    }
  }
  EXPECT_EQ(first.size(), 12u);
}

// Checkpoints and reports hold positions: these words may never change.
TEST(RandomStreamTest, WordsAreFrozen) {
  RandomStream stream(0, "golden");
  const Block got = {stream.NextU32(), stream.NextU32(), stream.NextU32(),
                     stream.NextU32()};
  EXPECT_EQ(got, (Block{1148014455, 428931554, 4236070701, 1138107692}));
}

TEST(RandomStreamTest, CopyGoesOnFromTheSamePosition) {
  RandomStream a(1, "x");
  a.NextU32();
  RandomStream b = a;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(a.NextU32(), b.NextU32());
}

TEST(RandomStreamTest, SeekToPositionResumesAtAnyWord) {
  for (int drawn = 0; drawn < 9; ++drawn) {
    RandomStream a(3, "resume");
    for (int i = 0; i < drawn; ++i) a.NextU32();
    EXPECT_EQ(a.position(), static_cast<uint64_t>(drawn));
    RandomStream b(3, "resume");
    b.Seek(a.position());
    for (int i = 0; i < 6; ++i) EXPECT_EQ(a.NextU32(), b.NextU32());
  }
}

TEST(RandomStreamTest, SeekResumesAfterAnOddCountOfNormals) {
  RandomStream a(3, "resume"), b(3, "resume");
  a.Normal();
  b.Seek(a.position());
  EXPECT_EQ(a.Normal(), b.Normal());
}

TEST(RandomStreamTest, BelowStaysBelowAndHitsEverything) {
  RandomStream stream(5, "below");
  std::vector<int> counts(6, 0);
  for (int i = 0; i < 6000; ++i) ++counts[stream.Below(6)];
  // 1000 expected each, standard deviation 29; 5 of those.
  for (int count : counts) EXPECT_NEAR(count, 1000, 145);
  EXPECT_EQ(stream.Below(1), 0u);
}

TEST(RandomStreamTest, UniformIsHalfOpen) {
  RandomStream stream(5, "uniform");
  double sum = 0;
  for (int i = 0; i < 10000; ++i) {
    const float x = stream.Uniform();
    const double y = stream.UniformDouble();
    ASSERT_TRUE(x >= 0 && x < 1 && y >= 0 && y < 1);
    sum += x + y;
  }
  EXPECT_NEAR(sum / 20000, 0.5, 0.01);  // 5 standard deviations
}

TEST(RandomStreamTest, NormalHasTheMomentsOfANormal) {
  std::vector<float> x(40001);
  RandomStream(5, "normal").FillNormal(absl::MakeSpan(x), 2.0f, 3.0f);
  double mean = 0, variance = 0, fourth = 0;
  const double n = static_cast<double>(x.size());
  for (float v : x) mean += v / n;
  for (float v : x) variance += std::pow(v - mean, 2) / n;
  for (float v : x) fourth += std::pow(v - mean, 4) / n;
  EXPECT_NEAR(mean, 2.0, 0.075);  // 5 standard deviations
  EXPECT_NEAR(variance, 9.0, 0.32);
  EXPECT_NEAR(fourth / (variance * variance), 3.0, 0.13);
}

TEST(RandomStreamTest, PermutationHoldsEveryIndexOnce) {
  std::vector<int64_t> order = RandomStream(9, "order").Permutation(50);
  EXPECT_EQ(order, RandomStream(9, "order").Permutation(50));
  EXPECT_NE(order, RandomStream(10, "order").Permutation(50));
  std::sort(order.begin(), order.end());
  for (int64_t i = 0; i < 50; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
  EXPECT_TRUE(RandomStream(9, "order").Permutation(0).empty());
}

}  // namespace
}  // namespace assay
