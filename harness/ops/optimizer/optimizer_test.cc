// Steps worked by hand, and by PyTorch's formulas.
#include "harness/ops/optimizer/optimizer.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/ops/testing/evaluate.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;

Tensor One(double value) { return F64({1}, {value}); }
Tensor Scalar(double value) { return F64({}, {value}); }
Tensor StepNumber(int64_t step) { return Tensor::From<int64_t>({}, {step}); }

testing::Matcher<double> Near(double value) { return DoubleNear(value, 1e-12); }

TEST(SgdStepTest, PlainIsGradientDescent) {
  EXPECT_THAT(ValuesOfOp("sgd_step", {One(1), One(0.5), One(0), Scalar(0.1)}),
              ElementsAre(Near(0.95)));
}

TEST(SgdStepTest, MomentumAndDecay) {
  // g = 0.5 + 0.1 * 1 = 0.6; buffer = 0.9 * 0.2 + 0.6 = 0.78.
  const Attributes attributes = {{"momentum", 0.9}, {"weight_decay", 0.1}};
  ASSERT_OK_AND_ASSIGN(
      const auto results,
      EvaluateOp("sgd_step", {One(1), One(0.5), One(0.2), Scalar(0.1)},
                 attributes));
  EXPECT_THAT(ToDoubles(results[0]), ElementsAre(Near(0.922)));
  EXPECT_THAT(ToDoubles(results[1]), ElementsAre(Near(0.78)));
}

TEST(SgdStepTest, NesterovLooksAhead) {
  // Direction 0.6 + 0.9 * 0.78 = 1.302.
  EXPECT_THAT(
      ValuesOfOp(
          "sgd_step", {One(1), One(0.5), One(0.2), Scalar(0.1)},
          {{"momentum", 0.9}, {"weight_decay", 0.1}, {"nesterov", int64_t{1}}}),
      ElementsAre(Near(0.8698)));
}

TEST(AdamwStepTest, TheFirstStepHasTheSizeOfTheLearningRate) {
  ASSERT_OK_AND_ASSIGN(
      const auto results,
      EvaluateOp("adamw_step",
                 {One(1), One(0.5), One(0), One(0), Scalar(0.1), StepNumber(1)},
                 {{"weight_decay", 0.01}}));
  EXPECT_THAT(ToDoubles(results[0]),
              ElementsAre(Near(0.999 - 0.1 * 0.5 / (0.5 + 1e-8))));
  EXPECT_THAT(ToDoubles(results[1]), ElementsAre(Near(0.05)));
  EXPECT_THAT(ToDoubles(results[2]), ElementsAre(Near(0.00025)));
}

TEST(AdamwStepTest, ALaterStepCorrectsTheBias) {
  const double first = 0.9 * 0.1 + 0.1 * -0.3;
  const double second = 0.99 * 0.2 + 0.01 * 0.09;
  const double direction = first / (1 - std::pow(0.9, 3)) /
                           (std::sqrt(second / (1 - std::pow(0.99, 3))) + 1e-3);
  EXPECT_THAT(ValuesOfOp("adamw_step",
                         {One(2), One(-0.3), One(0.1), One(0.2), Scalar(0.01),
                          StepNumber(3)},
                         {{"beta2", 0.99}, {"epsilon", 1e-3}}),
              ElementsAre(Near(2 - 0.01 * direction)));
}

TEST(AdamwStepTest, StepsCountFromOne) {
  EXPECT_THAT(
      EvaluateOp("adamw_step",
                 {One(1), One(1), One(0), One(0), Scalar(0.1), StepNumber(0)}),
      StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("at least 1, got 0")));
}

}  // namespace
}  // namespace assay
