#include "plugins/quantization/group_weights.h"

#include <cmath>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay::quantization {
namespace {

using testing::ElementsAre;

int At(const std::vector<uint8_t>& bytes, size_t i) {
  return (bytes[i / 2] >> (i % 2 * 4)) & 15;
}

TEST(GroupWeightsTest, SymmetricGroupsReachSevenStepsToBothSides) {
  const std::vector<float> row = {-7, 7, 0.4f, 0.6f, 14, -2};
  const GroupWeights made = PackGroups({row.data(), 6}, 1, 6, 4, true);
  EXPECT_EQ(made.groups, 2);
  EXPECT_THAT(made.scales, ElementsAre(1, 2));
  EXPECT_TRUE(made.zero_points.empty());
  const std::vector<int> want = {1, 15, 8, 9, 15, 7, 8, 8};  // the last: none
  for (size_t i = 0; i < want.size(); ++i) {
    EXPECT_EQ(At(made.packed, i), want[i]) << i;
  }
}

TEST(GroupWeightsTest, ZeroPointsFitTheRangeAndZeroIsExact) {
  const std::vector<float> rows = {-1, 0, 14, 2, 3, 0, 15, 6};
  const GroupWeights made = PackGroups({rows.data(), 8}, 2, 4, 4, false);
  EXPECT_THAT(made.scales, ElementsAre(1, 1));
  EXPECT_EQ(At(made.zero_points, 0), 1);
  EXPECT_EQ(At(made.zero_points, 2), 0);  // a byte for each row
  const std::vector<int> want = {0, 1, 15, 3, 3, 0, 15, 6};
  for (size_t i = 0; i < want.size(); ++i) {
    EXPECT_EQ(At(made.packed, i), want[i]) << i;
  }
}

TEST(GroupWeightsTest, NoWeightMovesByMoreThanHalfAStep) {
  std::vector<float> weights;
  for (int i = 0; i < 3 * 50; ++i) {
    weights.push_back(std::sin(static_cast<float>(i * i)));
  }
  for (const bool symmetric : {false, true}) {
    const GroupWeights made =
        PackGroups({weights.data(), weights.size()}, 3, 50, 16, symmetric);
    for (size_t o = 0; o < 3; ++o) {
      for (size_t i = 0; i < 50; ++i) {
        const size_t g = i / 16;
        const float scale = made.scales[o * 4 + g];
        const int zero = symmetric ? 8 : At(made.zero_points, o * 4 + g);
        const float back =
            scale * static_cast<float>(At(made.packed, o * 64 + i) - zero);
        EXPECT_LE(std::abs(back - weights[o * 50 + i]), 0.501f * scale);
      }
    }
  }
}

}  // namespace
}  // namespace assay::quantization
