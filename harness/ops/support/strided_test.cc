#include "harness/ops/support/strided.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using Positions = std::vector<std::array<int64_t, 2>>;

Positions Walk(const Shape& shape, std::vector<int64_t> a,
               std::vector<int64_t> b) {
  Positions positions;
  WalkStrided<2>(
      shape, {std::move(a), std::move(b)},
      [&](const std::array<int64_t, 2>& at) { positions.push_back(at); });
  return positions;
}

TEST(StridedTest, ShapesBroadcastAsNumpys) {
  EXPECT_EQ(*BroadcastShapes({2, 1, 4}, {3, 1}), Shape({2, 3, 4}));
  EXPECT_EQ(*BroadcastShapes({}, {5}), Shape({5}));
  EXPECT_THAT(BroadcastShapes({2}, {3}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("got [2] and [3]")));
}

TEST(StridedTest, StretchedAxesHaveStrideZero) {
  EXPECT_THAT(BroadcastStrides({3, 1}, {2, 3, 4}), ElementsAre(0, 1, 0));
}

TEST(StridedTest, WalksRowByRow) {
  // A transpose: the second operand is read by columns.
  EXPECT_EQ(Walk({2, 3}, {3, 1}, {1, 2}),
            Positions({{0, 0}, {1, 2}, {2, 4}, {3, 1}, {4, 3}, {5, 5}}));
}

TEST(StridedTest, AScalarIsVisitedOnce) {
  EXPECT_EQ(Walk({}, {}, {}), Positions({{0, 0}}));
  EXPECT_EQ(Walk({1, 1}, {7, 7}, {9, 9}), Positions({{0, 0}}));
}

TEST(StridedTest, AxesMergeWhereAllOperandsWalkOn) {
  Shape shape = {2, 1, 3, 4};
  std::vector<int64_t> strides[] = {{12, 9, 4, 1}, {0, 9, 4, 1}};
  MergeAxes(&shape, strides, 2);
  EXPECT_THAT(shape, ElementsAre(2, 12));
  EXPECT_THAT(strides[0], ElementsAre(12, 1));
  EXPECT_THAT(strides[1], ElementsAre(0, 1));
}

}  // namespace
}  // namespace assay
