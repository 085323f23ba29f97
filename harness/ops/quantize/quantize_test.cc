#include "harness/ops/quantize/quantize.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/ops/testing/evaluate.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using testing::ElementsAre;

TEST(QuantizeLinearTest, RoundsHalfToEvenAndSaturates) {
  const Tensor src =
      F32({8}, {0.25f, 0.75f, 1.25f, -0.25f, 200, -200, INFINITY, -INFINITY});
  EXPECT_THAT(
      ValuesOfOp("quantize_linear", {src, F32({}, {0.5f}), S32({}, {10})}),
      ElementsAre(10, 12, 12, 10, 255, 0, 255, 0));
  EXPECT_THAT(
      ValuesOfOp("quantize_linear", {src, F32({}, {0.5f}), S32({}, {0})},
                 {{"dtype", "s8"}}),
      ElementsAre(0, 2, 2, 0, 127, -128, 127, -128));
}

TEST(QuantizeLinearTest, NanBecomesTheZeroPoint) {
  EXPECT_THAT(ValuesOfOp("quantize_linear",
                         {F32({1}, {NAN}), F32({}, {1}), S32({}, {7})}),
              ElementsAre(7));
}

TEST(QuantizeLinearTest, ScalesLieAlongTheAxis) {
  EXPECT_THAT(ValuesOfOp("quantize_linear",
                         {F32({2, 2}, {1, 1, 2, 2}), F32({2}, {1, 0.5f}),
                          S32({2}, {0, 100})},
                         {{"axis", int64_t{-1}}}),
              ElementsAre(1, 102, 2, 104));
}

TEST(DequantizeLinearTest, IsScaleTimesDistanceFromZeroPoint) {
  EXPECT_THAT(
      ValuesOfOp("dequantize_linear",
                 {U8({3}, {0, 128, 255}), F32({}, {0.5f}), S32({}, {128})}),
      ElementsAre(-64, 0, 63.5));
  EXPECT_THAT(
      ValuesOfOp("dequantize_linear",
                 {S8({2, 1}, {-128, 127}), F32({2}, {1, 2}), S32({2}, {0, 1})}),
      ElementsAre(-128, 252));
}

TEST(FakeQuantizeTest, IsDequantizeOfQuantize) {
  const Tensor src = F32({6}, {-3, -0.26f, 0, 0.24f, 0.26f, 300});
  const std::vector<Tensor> grid = {F32({}, {0.5f}), S32({}, {3})};
  ASSERT_OK_AND_ASSIGN(const auto q,
                       EvaluateOp("quantize_linear", {src, grid[0], grid[1]}));
  EXPECT_EQ(ValuesOfOp("fake_quantize", {src, grid[0], grid[1]}),
            ValuesOfOp("dequantize_linear", {q[0], grid[0], grid[1]}));
}

TEST(FakeQuantizeTest, TheGradientPassesInsideTheRangeOnly) {
  // Codes -8 (outside), -7, 0, 7, 8 (outside).
  ASSERT_OK_AND_ASSIGN(
      const auto gradients,
      GradientsOfOp("fake_quantize",
                    {F32({5}, {-0.8f, -0.7f, 0, 0.7f, 0.8f}), F32({}, {0.1f}),
                     S32({}, {0})},
                    {{"low", int64_t{-7}}, {"high", int64_t{7}}}));
  EXPECT_THAT(ToDoubles(gradients[0]), ElementsAre(0, 1, 1, 1, 0));
  EXPECT_EQ(gradients[1].raw(), nullptr);
}

TEST(LsqQuantizeTest, IsFakeQuantizeAboutZero) {
  const Tensor src = F32({6}, {-3, -0.26f, 0, 0.24f, 0.26f, 300});
  const Tensor scale = F32({}, {0.5f});
  const Attributes range = {{"low", int64_t{-4}}, {"high", int64_t{3}}};
  EXPECT_EQ(ValuesOfOp("lsq_quantize", {src, scale}, range),
            ValuesOfOp("fake_quantize", {src, scale, S32({}, {0})}, range));
}

TEST(LsqQuantizeTest, GradientsAreThePapers) {
  // v = -9 (below), -0.75, 0.25, 2.5, 9 (above).
  ASSERT_OK_AND_ASSIGN(
      const auto gradients,
      GradientsOfOp(
          "lsq_quantize",
          {F32({5}, {-4.5f, -0.375f, 0.125f, 1.25f, 4.5f}), F32({}, {0.5f})},
          {{"low", int64_t{-8}},
           {"high", int64_t{7}},
           {"gradient_scale", 0.5}}));
  EXPECT_THAT(ToDoubles(gradients[0]), ElementsAre(0, 1, 1, 1, 0));
  EXPECT_THAT(
      ToDoubles(gradients[1]),
      ElementsAre(0.5 * (-8 + (-1 + 0.75) + (0 - 0.25) + (2 - 2.5) + 7)));
}

TEST(LsqQuantizeTest, EveryChannelHasItsScale) {
  ASSERT_OK_AND_ASSIGN(
      const auto gradients,
      GradientsOfOp("lsq_quantize",
                    {F32({2, 2}, {0.25f, 99, 0.25f, 0.75f}), F32({2}, {1, 2})},
                    {{"axis", int64_t{1}}, {"high", int64_t{15}}}));
  EXPECT_THAT(ToDoubles(gradients[0]), ElementsAre(1, 0, 1, 1));
  EXPECT_THAT(ToDoubles(gradients[1]), ElementsAre(-0.5, 15 - 0.375));
}

}  // namespace
}  // namespace assay
