#include "harness/tasks/preprocess.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

using ::testing::ElementsAre;

std::vector<float> Moved(const Move& move) {
  // 1 2 3
  // 4 5 6
  std::vector<float> sample = {1, 2, 3, 4, 5, 6}, scratch;
  MoveSample(1, 2, 3, move, absl::MakeSpan(sample), &scratch);
  return sample;
}

TEST(PreprocessTest, MovesBringInZeros) {
  EXPECT_THAT(Moved({}), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(Moved({.dy = 1}), ElementsAre(0, 0, 0, 1, 2, 3));
  EXPECT_THAT(Moved({.dy = -1}), ElementsAre(4, 5, 6, 0, 0, 0));
  EXPECT_THAT(Moved({.dx = 2}), ElementsAre(0, 0, 1, 0, 0, 4));
  EXPECT_THAT(Moved({.dx = -1}), ElementsAre(2, 3, 0, 5, 6, 0));
  EXPECT_THAT(Moved({.dx = 9}), ElementsAre(0, 0, 0, 0, 0, 0));
}

TEST(PreprocessTest, MirrorsBeforeItMoves) {
  EXPECT_THAT(Moved({.mirror = true}), ElementsAre(3, 2, 1, 6, 5, 4));
  EXPECT_THAT(Moved({.dx = 1, .mirror = true}), ElementsAre(0, 3, 2, 0, 6, 5));
}

TEST(PreprocessTest, StandardisesEachChannel) {
  Tensor x = Tensor::From<float>({1, 2, 1, 2}, {1, 3, 10, 20});
  Standardise({2, 10}, {1, 5}, &x);
  EXPECT_THAT(x.span<float>(), ElementsAre(-1, 1, 0, 2));
  Standardise({1}, {2}, &x);
  EXPECT_THAT(x.span<float>(), ElementsAre(-1, 0, -0.5, 0.5));
}

TEST(PreprocessTest, TheSameStreamVariesAlike) {
  for (const Augmentation augmentation :
       {Augmentation::kNone, Augmentation::kCropAndFlip, Augmentation::kShift,
        Augmentation::kShiftTime}) {
    Tensor a(DType::kF32, {3, 2, 20, 10});
    RandomStream(1, "x").FillUniform(a.span<float>(), 1, 2);
    const Tensor original = a.Clone();
    Tensor b = a.Clone();
    RandomStream first(7, "augment/0"), second(7, "augment/0");
    Augment(augmentation, &first, &a);
    Augment(augmentation, &second, &b);
    EXPECT_TRUE(BitEqual(a, b));
    EXPECT_EQ(BitEqual(a, original), augmentation == Augmentation::kNone);
  }
}

TEST(PreprocessTest, FeaturesMoveInTimeAlone) {
  Tensor x(DType::kF32, {1, 1, 40, 2});
  for (int64_t i = 0; i < x.size(); ++i) {
    x.data<float>()[i] = static_cast<float>(i + 1);
  }
  RandomStream stream(3, "augment/0");
  Augment(Augmentation::kShiftTime, &stream, &x);
  for (int64_t t = 0; t < 40; ++t) {
    const float* row = x.data<float>() + t * 2;
    if (row[0] != 0) {
      EXPECT_EQ(row[1], row[0] + 1);
    }
  }
}

}  // namespace
}  // namespace assay
