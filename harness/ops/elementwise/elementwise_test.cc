// Tails, ties, NaN and integers: what the generic rows leave out.
#include <cmath>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/ops/testing/evaluate.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::NanSensitiveDoubleEq;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

std::vector<double> Gradient(const std::string& op,
                             const std::vector<Tensor>& operands, size_t i,
                             const Attributes& attributes = {}) {
  const auto gradients = GradientsOfOp(op, operands, attributes);
  EXPECT_OK(gradients.status());
  return ToDoubles((*gradients)[i]);
}

TEST(ActivationTest, TailsKeepTheirRelativeAccuracy) {
  const Tensor low = F32({1}, {-10});
  // -10 * Phi(-10), Phi(-10) = 7.61985302416e-24.
  EXPECT_NEAR(ValuesOfOp("gelu", {low})[0] / -7.61985302416e-23, 1, 1e-5);
  EXPECT_LT(ValuesOfOp("gelu", {low}, {{"approximate", "tanh"}})[0], 0);
  EXPECT_NEAR(ValuesOfOp("sigmoid", {F32({1}, {-80})})[0] / std::exp(-80.0), 1,
              1e-5);
  EXPECT_EQ(ValuesOfOp("sigmoid", {F32({2}, {-1000, 1000})})[0], 0);
  EXPECT_EQ(ValuesOfOp("sigmoid", {F32({2}, {-1000, 1000})})[1], 1);
  EXPECT_NEAR(
      ValuesOfOp("silu", {F32({1}, {-80})})[0] / (-80 * std::exp(-80.0)), 1,
      1e-5);
  EXPECT_THAT(ValuesOfOp("gelu", {F32({1}, {50})}), ElementsAre(50));
}

TEST(ActivationTest, GradientsStopAtTheEdges) {
  EXPECT_THAT(Gradient("relu", {F32({3}, {-1, 0, 1})}, 0),
              ElementsAre(0, 0, 1));
  EXPECT_THAT(Gradient("relu6", {F32({4}, {0, 3, 6, 7})}, 0),
              ElementsAre(0, 1, 0, 0));
  EXPECT_THAT(Gradient("clip", {F32({3}, {-1, 0, 1})}, 0,
                       {{"low", -1.0}, {"high", 1.0}}),
              ElementsAre(0, 1, 0));
}

TEST(ActivationTest, NanStaysNan) {
  for (const char* op :
       {"relu", "relu6", "clip", "sign", "gelu", "hardswish"}) {
    EXPECT_TRUE(std::isnan(ValuesOfOp(op, {F32({1}, {kNan})})[0])) << op;
  }
}

TEST(ArithmeticTest, TheGradientOfATieGoesToTheFirst) {
  const std::vector<Tensor> operands = {F32({2}, {1, 2}), F32({2}, {1, 3})};
  EXPECT_THAT(Gradient("maximum", operands, 0), ElementsAre(1, 0));
  EXPECT_THAT(Gradient("maximum", operands, 1), ElementsAre(0, 1));
  EXPECT_THAT(Gradient("minimum", operands, 0), ElementsAre(1, 1));
  EXPECT_THAT(Gradient("minimum", operands, 1), ElementsAre(0, 0));
}

TEST(ArithmeticTest, NanWinsAMaximum) {
  const Tensor a = F32({3}, {kNan, 1, 2}), b = F32({3}, {1, kNan, 3});
  EXPECT_THAT(
      ValuesOfOp("maximum", {a, b}),
      ElementsAre(NanSensitiveDoubleEq(kNan), NanSensitiveDoubleEq(kNan), 3));
}

TEST(ArithmeticTest, IntegersWrapAround) {
  constexpr int32_t kMax = std::numeric_limits<int32_t>::max();
  constexpr int32_t kMin = std::numeric_limits<int32_t>::min();
  const Tensor a = S32({2}, {kMax, kMin});
  EXPECT_THAT(ValuesOfOp("add", {a, S32({}, {1})}),
              ElementsAre(kMin, kMin + 1));
  EXPECT_THAT(ValuesOfOp("mul", {a, S32({}, {2})}), ElementsAre(-2, 0));
  EXPECT_THAT(ValuesOfOp("neg", {a}), ElementsAre(-kMax, kMin));
  EXPECT_THAT(ValuesOfOp("abs", {a}), ElementsAre(kMax, kMin));
}

TEST(UnaryTest, RoundsHalfToEven) {
  EXPECT_THAT(ValuesOfOp("round", {F32({4}, {0.5f, 1.5f, -0.5f, -2.5f})}),
              ElementsAre(0, 2, 0, -2));
}

TEST(UnaryTest, CastsSaturate) {
  EXPECT_THAT(ValuesOfOp("cast", {F32({4}, {2.5f, 300, -300, kInf})},
                         {{"dtype", "s8"}}),
              ElementsAre(2, 127, -128, 127));
  EXPECT_THAT(ValuesOfOp("cast", {F32({1}, {kNan})}, {{"dtype", "s32"}}),
              ElementsAre(0));
}

TEST(UnaryTest, NoGradientFlowsThroughAStop) {
  ASSERT_OK_AND_ASSIGN(const auto gradients,
                       GradientsOfOp("stop_gradient", {F32({1}, {1})}));
  EXPECT_EQ(gradients[0].raw(), nullptr);
}

TEST(SelectTest, NanComparesFalse) {
  const Tensor nan = F32({1}, {kNan});
  EXPECT_THAT(ValuesOfOp("greater", {nan, nan}), ElementsAre(0));
  EXPECT_THAT(ValuesOfOp("equal", {nan, nan}), ElementsAre(0));
}

}  // namespace
}  // namespace assay
