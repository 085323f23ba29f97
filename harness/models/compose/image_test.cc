#include "harness/models/compose/image.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/graph/channel_groups.h"
#include "harness/models/compose/testing.h"
#include "harness/ops/ops.h"
#include "harness/ops/testing/evaluate.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;
using Values = std::vector<ValueId>;

Composition Shuffle(int64_t factor) {
  return [factor](GraphBuilder& b, const Values& x) {
    return Values{PixelShuffle(b, x[0], factor)};
  };
}

TEST(PixelShuffleTest, ChannelsBecomeBlocks) {
  EXPECT_THAT(ValuesOf(Shuffle(2), {F32({1, 4, 1, 2}, {1, 2,  // top left
                                                       3, 4,  // top right
                                                       5, 6, 7, 8})}),
              ElementsAre(1, 3, 2, 4,  //
                          5, 7, 6, 8));
}

TEST(PixelShuffleTest, UnshuffleIsItsInverse) {
  const Tensor src = RandomTensor({2, 8, 3, 2});
  const Composition there_and_back = [](GraphBuilder& b, const Values& x) {
    return Values{PixelUnshuffle(b, PixelShuffle(b, x[0], 2), 2)};
  };
  EXPECT_EQ(ValuesOf(there_and_back, {src}), ToDoubles(src));
  EXPECT_OK(CheckComposition(Shuffle(2), {src}));
}

TEST(PixelShuffleTest, WholeBlocksOfChannelsAreRemovable) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const ValueId image = b.Input("image", DType::kF32, {1, 3, 4, 4});
  const ValueId made =
      b.Op("conv2d", {image, b.Parameter("a", DType::kF32, {8, 3, 1, 1})});
  const ValueId read = b.Op(
      "conv2d",
      {PixelShuffle(b, made, 2), b.Parameter("b", DType::kF32, {5, 2, 1, 1})});
  b.Output("image", read);
  ASSERT_OK(b.status());
  ASSERT_OK_AND_ASSIGN(const auto groups, FindChannelGroups(graph));
  ASSERT_EQ(groups.size(), 1u);
  ASSERT_EQ(groups[0].channels.size(), 2u);
  EXPECT_THAT(groups[0].channels[1].slices[0].indices, ElementsAre(4, 5, 6, 7));
}

TEST(PixelShuffleTest, RefusesChannelsThatDoNotDivide) {
  EXPECT_THAT(EvaluateComposition(Shuffle(2), {RandomTensor({1, 6, 2, 2})}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("expected a positive divisor of 6, got 4")));
}

Composition Adaptive(bool average, int64_t h, int64_t w) {
  return [=](GraphBuilder& b, const Values& x) {
    return Values{average ? AdaptiveAveragePool(b, x[0], {h, w})
                          : AdaptiveMaxPool(b, x[0], {h, w})};
  };
}

TEST(AdaptivePoolTest, WindowsMayOverlap) {
  // Five elements to three: [0,2), [1,4), [3,5).
  const Tensor src = F32({1, 1, 1, 5}, {1, 3, 2, 10, 0});
  EXPECT_THAT(ValuesOf(Adaptive(true, 1, 3), {src}), ElementsAre(2, 5, 5));
  EXPECT_THAT(ValuesOf(Adaptive(false, 1, 3), {src}), ElementsAre(3, 10, 10));
}

TEST(AdaptivePoolTest, OneNodeWhereExtentsDivide) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  AdaptiveAveragePool(b, b.Input("x", DType::kF32, {1, 2, 6, 4}), {3, 2});
  ASSERT_OK(b.status());
  EXPECT_EQ(graph.node_count(), 1);
}

TEST(AdaptivePoolTest, DifferentiatesAndRuns) {
  for (const bool average : {true, false}) {
    EXPECT_OK(CheckComposition(Adaptive(average, 3, 2),
                               {RandomTensor({2, 2, 5, 3})}));
  }
}

TEST(Conv1dTest, SlidesAlongTime) {
  const Composition difference = [](GraphBuilder& b, const Values& x) {
    return Values{Conv1d(b, x[0], x[1], x[2], {.before = 1, .dilation = 2})};
  };
  // y[t] = x[t+1] - x[t-1] + 10, nothing before the start.
  EXPECT_THAT(ValuesOf(difference, {F32({1, 1, 4}, {1, 2, 4, 8}),
                                    F32({1, 1, 2}, {-1, 1}), F32({1}, {10})}),
              ElementsAre(12, 13, 16));
  EXPECT_OK(CheckComposition(
      difference,
      {RandomTensor({2, 3, 6}), RandomTensor({4, 3, 2}), RandomTensor({4})}));
}

Composition Norm(int64_t groups, double epsilon) {
  return [=](GraphBuilder& b, const Values& x) {
    return Values{GroupNorm(b, x[0], x[1], x[2], groups, epsilon)};
  };
}

TEST(GroupNormTest, EachGroupHasItsOwnStatistics) {
  // Means 1 and 30, deviations 1 and 10.
  EXPECT_THAT(
      ValuesOf(Norm(2, 0), {F32({1, 4, 1, 1}, {0, 2, 20, 40}),
                            F32({4}, {1, 1, 1, 5}), F32({4}, {0, 0, 0, 7})}),
      ElementsAre(DoubleNear(-1, 1e-6), DoubleNear(1, 1e-6),
                  DoubleNear(-1, 1e-6), DoubleNear(12, 1e-6)));
}

TEST(GroupNormTest, DifferentiatesAndRuns) {
  for (const int64_t groups : {1, 2, 4}) {
    EXPECT_OK(CheckComposition(Norm(groups, 1e-5),
                               {RandomTensor({2, 4, 3, 2}), RandomTensor({4}),
                                RandomTensor({4}, 0, 1)}));
  }
}

TEST(GroupNormTest, WholeGroupsOfChannelsAreRemovable) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const ValueId made =
      b.Op("conv2d", {b.Input("image", DType::kF32, {1, 3, 4, 4}),
                      b.Parameter("a", DType::kF32, {6, 3, 1, 1})});
  const ValueId normal =
      GroupNorm(b, made, b.Parameter("scale", DType::kF32, {6}),
                b.Parameter("shift", DType::kF32, {6}), 3, 1e-5);
  b.Output(
      "image",
      b.Op("conv2d", {normal, b.Parameter("b", DType::kF32, {5, 6, 1, 1})}));
  ASSERT_OK(b.status());
  ASSERT_OK_AND_ASSIGN(const auto groups, FindChannelGroups(graph));
  ASSERT_EQ(groups.size(), 1u);
  ASSERT_EQ(groups[0].channels.size(), 3u);
  ASSERT_OK_AND_ASSIGN(const Graph cut, RemoveChannels(graph, {{1}}, nullptr));
  EXPECT_EQ(cut.shape(cut.FindValue("scale")), Shape({4}));
}

}  // namespace
}  // namespace assay
