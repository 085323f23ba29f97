// The integer semantics, worked by hand.
#include "harness/ops/fused/fused.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/ops/testing/evaluate.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;
using Reals = std::vector<double>;
using testing::ElementsAre;

TEST(LinearFusedTest, IntegersWithScalesPerChannelAndBias) {
  // Sums of (src - 10) * weights: [1, -2] . [3, 4] = -5 and . [5, -6] = 17.
  EXPECT_THAT(ValuesOfOp("linear_fused",
                         {U8({1, 2}, {11, 8}), S8({2, 2}, {3, 4, 5, -6}),
                          F32({2}, {0.5f, -1})},
                         {{"src_scale", 0.5},
                          {"src_zero_point", int64_t{10}},
                          {"weights_scales", Reals{1, 0.25}}}),
              ElementsAre(-5 * 0.5 + 0.5, 17 * 0.125 - 1));
}

TEST(LinearFusedTest, ResultsRoundHalfToEvenAndSaturate) {
  const Tensor src = S8({6, 1}, {1, 3, 5, -1, 127, -128});
  EXPECT_THAT(ValuesOfOp("linear_fused", {src, S8({1, 1}, {1})},
                         {{"src_scale", 0.5},
                          {"dst_dtype", "u8"},
                          {"dst_zero_point", int64_t{200}}}),
              ElementsAre(200, 202, 202, 200, 255, 136));
  EXPECT_THAT(
      ValuesOfOp("linear_fused", {src, S8({1, 1}, {4})}, {{"dst_dtype", "s8"}}),
      ElementsAre(4, 12, 20, -4, 127, -128));
}

TEST(LinearFusedTest, ResidualsAreAddedBeforeTheActivation) {
  const Tensor src = F32({1, 2}, {1, -1}), identity = F32({2, 2}, {1, 0, 0, 1});
  // Residual codes 20 and 40 stand for (20 - 30) * 0.5 = -5 and 5.
  EXPECT_THAT(ValuesOfOp("linear_fused",
                         {src, identity, Tensor(), U8({1, 2}, {20, 40})},
                         {{"activation", "relu"},
                          {"residual_scale", 0.5},
                          {"residual_zero_point", int64_t{30}}}),
              ElementsAre(0, 4));
}

TEST(LinearFusedTest, TheLargestSumFits) {
  constexpr int64_t kTerms = 65793;
  const Tensor src =
      U8({1, kTerms}, std::vector<uint8_t>(static_cast<size_t>(kTerms), 255));
  const Tensor weights =
      S8({1, kTerms}, std::vector<int8_t>(static_cast<size_t>(kTerms), -128));
  EXPECT_THAT(ValuesOfOp("linear_fused", {src, weights}),
              ElementsAre(static_cast<double>(
                  static_cast<float>(-255.0 * 128 * kTerms))));
}

TEST(Conv2dFusedTest, PaddingIsRealZeroAndNotCodeZero) {
  // Every code equals the zero point, so that every sum is 0.
  EXPECT_THAT(
      ValuesOfOp("conv2d_fused",
                 {U8({1, 1, 2, 2}, {9, 9, 9, 9}),
                  S8({1, 1, 3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9})},
                 {{"pads", Ints{1, 1, 1, 1}}, {"src_zero_point", int64_t{9}}}),
      ElementsAre(0, 0, 0, 0));
}

TEST(Conv2dFusedTest, AgreesWithTheUnfusedOpsInFloats) {
  const Tensor src = F32({1, 1, 2, 3}, {1, -2, 3, -4, 5, -6});
  const Tensor weights = F32({1, 1, 1, 2}, {2, 1}), bias = F32({1}, {1});
  // Rows: 2*1-2, -4+3 and -8+5, 10-6; plus 1; relu6.
  EXPECT_THAT(ValuesOfOp("conv2d_fused", {src, weights, bias},
                         {{"activation", "relu6"}}),
              ElementsAre(1, 0, 0, 5));
}

}  // namespace
}  // namespace assay
