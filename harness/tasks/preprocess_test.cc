#include "harness/tasks/preprocess.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/random.h"

namespace assay {
namespace {

using ::testing::ElementsAre;

TEST(PreprocessTest, StandardisesEachChannel) {
  Tensor x = Tensor::From<float>({1, 2, 1, 2}, {1, 3, 10, 20});
  Standardise({2, 10}, {1, 5}, &x);
  EXPECT_THAT(x.span<float>(), ElementsAre(-1, 1, 0, 2));
  Standardise({1}, {2}, &x);
  EXPECT_THAT(x.span<float>(), ElementsAre(-1, 0, -0.5, 0.5));
}

TEST(PreprocessTest, ABatchVariesBySeedAndNumber) {
  for (const Augmentation augmentation :
       {Augmentation::kNone, Augmentation::kCropAndFlip, Augmentation::kShift,
        Augmentation::kShiftTime}) {
    Tensor a(DType::kF32, {3, 2, 20, 10});
    RandomStream(1, "x").FillUniform(a.span<float>(), 1, 2);
    const Tensor original = a.Clone();
    Tensor b = a.Clone();
    Tensor c = a.Clone();
    Augment(augmentation, /*seed=*/7, /*number=*/0, &a);
    Augment(augmentation, /*seed=*/7, /*number=*/0, &b);
    Augment(augmentation, /*seed=*/7, /*number=*/1, &c);
    EXPECT_TRUE(BitEqual(a, b));
    EXPECT_EQ(BitEqual(a, c), augmentation == Augmentation::kNone);
    EXPECT_EQ(BitEqual(a, original), augmentation == Augmentation::kNone);
  }
}

TEST(PreprocessTest, FeaturesMoveInTimeAlone) {
  Tensor x(DType::kF32, {1, 1, 40, 2});
  for (int64_t i = 0; i < x.size(); ++i) {
    x.data<float>()[i] = static_cast<float>(i + 1);
  }
  Augment(Augmentation::kShiftTime, /*seed=*/3, /*number=*/0, &x);
  for (int64_t t = 0; t < 40; ++t) {
    const float* row = x.data<float>() + t * 2;
    if (row[0] != 0) {
      EXPECT_EQ(row[1], row[0] + 1);
    }
  }
}

}  // namespace
}  // namespace assay
