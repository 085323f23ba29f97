#include "harness/models/compose/resample.h"

#include <cmath>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/graph/cost.h"
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

Composition Resized(int64_t h, int64_t w, Interpolation interpolation) {
  return [=](GraphBuilder& b, const Values& x) {
    return Values{Resize(b, x[0], {h, w}, interpolation)};
  };
}

TEST(ResizeTest, RowsByHand) {
  const Tensor row = F32({1, 1, 1, 3}, {0, 8, 16});
  EXPECT_THAT(ValuesOf(Resized(2, 6, Interpolation::kNearest), {row}),
              ElementsAre(0, 0, 8, 8, 16, 16, 0, 0, 8, 8, 16, 16));
  EXPECT_THAT(ValuesOf(Resized(1, 6, Interpolation::kLinear), {row}),
              ElementsAre(0, 2, 6, 10, 14, 16));
  // Nothing is made of a line but a line, beyond the reach of the edges.
  const Tensor line = F32({1, 1, 1, 6}, {0, 4, 8, 12, 16, 20});
  const std::vector<double> cubic =
      ValuesOf(Resized(1, 12, Interpolation::kSharpCubic), {line});
  EXPECT_THAT(std::vector<double>(cubic.begin() + 4, cubic.begin() + 8),
              ElementsAre(DoubleNear(7, 1e-5), DoubleNear(9, 1e-5),
                          DoubleNear(11, 1e-5), DoubleNear(13, 1e-5)));
}

TEST(ResizeTest, DifferentiatesAndRunsWithoutParameters) {
  for (const Interpolation interpolation :
       {Interpolation::kNearest, Interpolation::kLinear, Interpolation::kCubic,
        Interpolation::kSharpCubic}) {
    EXPECT_OK(CheckComposition(Resized(5, 4, interpolation),
                               {RandomTensor({1, 2, 3, 6})}));
  }
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  b.Output("y", Resize(b, b.Input("x", DType::kF32, {1, 1, 4, 4}), {9, 9},
                       Interpolation::kCubic));
  ASSERT_OK(b.status());
  EXPECT_EQ(CostOf(graph).parameters, 0);
}

Composition Padded(int64_t before, int64_t after, Border border) {
  return [=](GraphBuilder& b, const Values& x) {
    return Values{PadBorder(b, x[0], -1, before, after, border)};
  };
}

TEST(PadBorderTest, RepeatsOrMirrorsTheEdge) {
  const Tensor src = F32({1, 3}, {1, 2, 3});
  EXPECT_THAT(ValuesOf(Padded(2, 1, Border::kReplicate), {src}),
              ElementsAre(1, 1, 1, 2, 3, 3));
  EXPECT_THAT(ValuesOf(Padded(2, 1, Border::kReflect), {src}),
              ElementsAre(3, 2, 1, 2, 3, 2));
  EXPECT_THAT(EvaluateComposition(Padded(3, 0, Border::kReflect), {src}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("0 to 2 elements, got axis 1, 3, 0")));
  for (const Border border : {Border::kReplicate, Border::kReflect}) {
    EXPECT_OK(CheckComposition(Padded(1, 2, border), {RandomTensor({2, 4})}));
  }
}

TEST(UnfoldTest, EveryWindowIsAColumn) {
  const Composition unfold = [](GraphBuilder& b, const Values& x) {
    return Values{Unfold(b, x[0], {.kernel = {1, 2}, .pads = {0, 0, 0, 1}})};
  };
  EXPECT_THAT(ValuesOf(unfold, {F32({1, 2, 1, 3}, {1, 2, 3, 4, 5, 6})}),
              ElementsAre(1, 2, 3, 2, 3, 0, 4, 5, 6, 5, 6, 0));
  const Composition strided = [](GraphBuilder& b, const Values& x) {
    return Values{Unfold(b, x[0],
                         {.kernel = {2, 2},
                          .strides = {2, 1},
                          .pads = {1, 0, 0, 1},
                          .dilations = {1, 2}})};
  };
  EXPECT_OK(CheckComposition(strided, {RandomTensor({2, 2, 4, 5})}));
  EXPECT_THAT(EvaluateComposition(strided, {RandomTensor({1, 1, 4, 1})}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("[1,1,5,2], got one that reaches over 3")));
}

TEST(LocallyConnectedTest, EveryPlaceHasItsWeights) {
  const Composition layer = [](GraphBuilder& b, const Values& x) {
    return Values{LocallyConnected(
        b, x[0], x[1], x.size() > 2 ? x[2] : kNoValue, {.kernel = {1, 2}})};
  };
  // Two places of two taps.
  EXPECT_THAT(ValuesOf(layer, {F32({1, 1, 1, 3}, {1, 2, 3}),
                               F32({2, 1, 2}, {1, 10, 100, 1000})}),
              ElementsAre(21, 3200));
  EXPECT_OK(CheckComposition(
      layer, {RandomTensor({2, 2, 2, 3}), RandomTensor({4, 3, 4}),
              RandomTensor({3, 2, 2})}));
}

}  // namespace
}  // namespace assay
