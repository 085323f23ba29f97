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
using testing::Pointwise;
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

TEST(FramesTest, OverlapWhereTheHopIsShort) {
  const auto frames = [](int64_t length, int64_t hop) -> Composition {
    return [=](GraphBuilder& b, const Values& x) {
      return Values{Frames(b, x[0], length, hop)};
    };
  };
  const Tensor src = F32({1, 7}, {0, 1, 2, 3, 4, 5, 6});
  EXPECT_THAT(ValuesOf(frames(3, 2), {src}),
              ElementsAre(0, 1, 2, 2, 3, 4, 4, 5, 6));
  EXPECT_THAT(ValuesOf(frames(2, 2), {src}), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(ValuesOf(frames(2, 4), {src}), ElementsAre(0, 1, 4, 5));
  EXPECT_OK(CheckComposition(frames(4, 2), {RandomTensor({2, 9})}));
}

TEST(StftTest, FindsATone) {
  // Two cycles of a cosine in eight samples: bin 2 has 8 / 2.
  std::vector<float> tone;
  for (int i = 0; i < 8; ++i) {
    tone.push_back(static_cast<float>(std::cos(M_PI * i / 2)));
  }
  const Composition power = [](GraphBuilder& b, const Values& x) {
    return Values{Power(b, Stft(b, x[0], std::vector<double>(8, 1.0), 8))};
  };
  EXPECT_THAT(ValuesOf(power, {F32({1, 8}, tone)}),
              Pointwise(DoubleNear(1e-5), {0, 0, 16, 0, 0}));
  EXPECT_OK(CheckComposition(power, {RandomTensor({2, 16})}));
}

TEST(StftTest, TheInverseGivesTheSoundBack) {
  const Composition there_and_back = [](GraphBuilder& b, const Values& x) {
    const std::vector<double> window = HannWindow(8);
    return Values{InverseStft(b, Stft(b, x[0], window, 2), window, 2)};
  };
  const Tensor sound = RandomTensor({2, 20});
  const std::vector<double> got = ValuesOf(there_and_back, {sound});
  const std::vector<double> want = ToDoubles(sound);
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) {
    if (i % 20 == 0) continue;  // the window is 0 at the first sample
    EXPECT_NEAR(got[i], want[i], 1e-5) << i;
  }
  EXPECT_OK(CheckComposition(there_and_back, {sound}, 64, 1));
}

TEST(SegmentTest, RowsAverageAndShare) {
  const Composition mean = [](GraphBuilder& b, const Values& x) {
    return Values{SegmentMean(b, x[0], x[1], 3)};
  };
  const Tensor edges = S32({4}, {0, 2, 0, 0});
  EXPECT_THAT(ValuesOf(mean, {F32({4, 1}, {1, 7, 2, 6}), edges}),
              ElementsAre(3, 0, 7));
  const Composition softmax = [](GraphBuilder& b, const Values& x) {
    return Values{SegmentSoftmax(b, x[0], x[1], 3)};
  };
  // Scores that only their row's maximum keeps from overflowing.
  const float third = std::log(2.0f);
  EXPECT_THAT(
      ValuesOf(softmax, {F32({4}, {1000, -1000, 1000, 1000 + third}), edges}),
      ElementsAre(DoubleNear(0.25, 1e-4), 1, DoubleNear(0.25, 1e-4),
                  DoubleNear(0.5, 1e-4)));
  EXPECT_OK(CheckComposition(mean, {RandomTensor({4, 2}), edges}));
  EXPECT_OK(CheckComposition(softmax, {RandomTensor({4, 2}), edges}));
}

}  // namespace
}  // namespace assay
