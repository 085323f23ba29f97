#include "plugins/nas_baselines/crop.h"

#include <numeric>

#include "gtest/gtest.h"

namespace assay::nas_baselines {
namespace {

using Shape = std::vector<int64_t>;

TEST(CropTest, TakesTheFirstChannelsAndTheMiddleOfTheKernel) {
  EXPECT_EQ(CropStarts(Shape{8, 4, 5, 5}, Shape{4, 2, 3, 3}),
            Shape({0, 0, 1, 1}));
  EXPECT_EQ(CropStarts(Shape{8, 4, 1, 5}, Shape{4, 2, 1, 3}),
            Shape({0, 0, 0, 1}));
  EXPECT_EQ(CropStarts(Shape{8}, Shape{4}), Shape({0}));
}

TEST(CropTest, CopiesRowMajor) {
  std::vector<float> full(2 * 3 * 1 * 5);
  std::iota(full.begin(), full.end(), 0.0f);
  std::vector<float> part(1 * 2 * 1 * 3);
  CopyCrop(Shape{2, 3, 1, 5}, full, Shape{1, 2, 1, 3}, part);
  EXPECT_EQ(part, std::vector<float>({1, 2, 3, 6, 7, 8}));
}

TEST(CropTest, AllOfItIsACopy) {
  const std::vector<float> full = {1, 2, 3, 4};
  std::vector<float> part(4);
  CopyCrop(Shape{2, 2}, full, Shape{2, 2}, part);
  EXPECT_EQ(part, full);
}

}  // namespace
}  // namespace assay::nas_baselines
