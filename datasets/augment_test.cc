#include "datasets/augment.h"

#include <algorithm>
#include <set>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

using testing::AnyOf;
using testing::ElementsAre;

// `n` copies of one sample [channels, height, width] with values 1, 2, 3, ...
Tensor Copies(int64_t n, int64_t channels, int64_t height, int64_t width) {
  Tensor t(DType::kF32, {n, channels, height, width});
  const int64_t each = channels * height * width;
  for (int64_t i = 0; i < t.size(); ++i) {
    t.data<float>()[i] = static_cast<float>(1 + i % each);
  }
  return t;
}

std::vector<float> Sample(const Tensor& t, int64_t n) {
  const int64_t each = t.size() / t.dim(0);
  const float* first = t.data<float>() + n * each;
  return std::vector<float>(first, first + each);
}

TEST(AugmentTest, CropMovesByAtMostThePadding) {
  Tensor t = Copies(200, 1, 1, 3);
  RandomStream stream(1, "augment/crop");
  RandomCrop(1, 0, stream, &t);
  std::set<std::vector<float>> seen;
  for (int64_t n = 0; n < 200; ++n) seen.insert(Sample(t, n));
  // Up, down: nothing of the only row remains. Left, right, or no move.
  EXPECT_THAT(seen, ElementsAre(ElementsAre(0, 0, 0), ElementsAre(0, 1, 2),
                                ElementsAre(1, 2, 3), ElementsAre(2, 3, 0)));
}

TEST(AugmentTest, CropMovesAllChannelsAlike) {
  Tensor t = Copies(50, 2, 1, 3);
  RandomStream stream(1, "augment/crop");
  RandomCrop(1, 0, stream, &t);
  for (int64_t n = 0; n < 50; ++n) {
    EXPECT_THAT(
        Sample(t, n),
        AnyOf(ElementsAre(0, 0, 0, 0, 0, 0), ElementsAre(0, 1, 2, 0, 4, 5),
              ElementsAre(1, 2, 3, 4, 5, 6), ElementsAre(2, 3, 0, 5, 6, 0)));
  }
}

TEST(AugmentTest, PaddingLargerThanTheImageIsFill) {
  Tensor t = Copies(100, 1, 2, 2);
  RandomStream stream(2, "augment/crop");
  RandomCrop(9, -1, stream, &t);
  EXPECT_EQ(std::count(t.data<float>(), t.data<float>() + 4, -1.0f), 4);
}

TEST(AugmentTest, FlipMirrorsAboutHalfOfTheImages) {
  Tensor t = Copies(1000, 2, 1, 2);
  RandomStream stream(1, "augment/flip");
  RandomFlip(stream, &t);
  int flipped = 0;
  for (int64_t n = 0; n < 1000; ++n) {
    ASSERT_THAT(Sample(t, n),
                AnyOf(ElementsAre(1, 2, 3, 4), ElementsAre(2, 1, 4, 3)));
    flipped += Sample(t, n)[0] == 2;
  }
  EXPECT_NEAR(flipped, 500, 80);  // 5 standard deviations
}

TEST(AugmentTest, TimeShiftMovesFramesAndKeepsBands) {
  Tensor t = Copies(100, 1, 3, 2);
  RandomStream stream(1, "augment/shift");
  RandomTimeShift(1, 0, stream, &t);
  std::set<std::vector<float>> seen;
  for (int64_t n = 0; n < 100; ++n) seen.insert(Sample(t, n));
  EXPECT_THAT(seen, ElementsAre(ElementsAre(0, 0, 1, 2, 3, 4),
                                ElementsAre(1, 2, 3, 4, 5, 6),
                                ElementsAre(3, 4, 5, 6, 0, 0)));
}

TEST(AugmentTest, SameStreamSameResult) {
  Tensor a = Copies(20, 1, 4, 4), b = Copies(20, 1, 4, 4);
  RandomStream x(7, "augment/crop"), y(7, "augment/crop");
  RandomCrop(2, 0, x, &a);
  RandomCrop(2, 0, y, &b);
  EXPECT_TRUE(BitEqual(a, b));
}

}  // namespace
}  // namespace assay
