#include "harness/models/compose/gate.h"

#include <cmath>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/models/compose/testing.h"
#include "harness/ops/testing/evaluate.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using testing::DoubleNear;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using Values = std::vector<ValueId>;

TEST(ActivationTest, ByHand) {
  const Tensor src = F32({1, 4}, {-2, -0.5f, 0.5f, 100});
  const Composition prelu = [](GraphBuilder& b, const Values& x) {
    return Values{Prelu(b, x[0], x[1])};
  };
  EXPECT_THAT(ValuesOf(prelu, {src, F32({4}, {0.5f, 2, 3, 4})}),
              ElementsAre(-1, -1, 0.5, 100));
  const auto unary = [&](auto f) {
    return ValuesOf(
        [f](GraphBuilder& b, const Values& x) { return Values{f(b, x[0])}; },
        {src});
  };
  EXPECT_THAT(
      unary([](GraphBuilder& b, ValueId x) { return LeakyRelu(b, x, 0.25); }),
      ElementsAre(-0.5, -0.125, 0.5, 100));
  EXPECT_THAT(unary([](GraphBuilder& b, ValueId x) { return Elu(b, x); }),
              ElementsAre(DoubleNear(std::exp(-2) - 1, 1e-6),
                          DoubleNear(std::exp(-0.5) - 1, 1e-6), 0.5, 100));
  EXPECT_THAT(unary(Softplus),
              ElementsAre(DoubleNear(std::log1p(std::exp(-2)), 1e-6),
                          DoubleNear(std::log1p(std::exp(-0.5)), 1e-6),
                          DoubleNear(std::log1p(std::exp(0.5)), 1e-6), 100));
  const Composition all = [](GraphBuilder& b, const Values& x) {
    return Values{Prelu(b, x[0], x[1]), LeakyRelu(b, x[0], 0.1),
                  Elu(b, x[0], 0.5), Softplus(b, x[0])};
  };
  EXPECT_OK(CheckComposition(
      all, {RandomTensor({2, 5}, -2, 2), RandomTensor({5}, 0, 1)}));
}

TEST(GluTest, TheSecondHalfIsTheGate) {
  const Composition glu = [](GraphBuilder& b, const Values& x) {
    return Values{Glu(b, x[0], 1, "relu")};
  };
  EXPECT_THAT(ValuesOf(glu, {F32({1, 4}, {3, 5, -1, 2})}), ElementsAre(0, 10));
  EXPECT_THAT(EvaluateComposition(glu, {F32({1, 3}, {1, 2, 3})}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("even extent on axis 1, got f32[1,3]")));
  for (const char* f : {"sigmoid", "silu", "gelu", "identity"}) {
    const Composition any = [f](GraphBuilder& b, const Values& x) {
      return Values{Glu(b, x[0], -1, f)};
    };
    EXPECT_OK(CheckComposition(any, {RandomTensor({2, 6})})) << f;
  }
}

TEST(MaxoutTest, TakesTheLargestOfARun) {
  const Composition maxout = [](GraphBuilder& b, const Values& x) {
    return Values{Maxout(b, x[0], 3)};
  };
  EXPECT_THAT(ValuesOf(maxout, {F32({1, 6, 1}, {1, 9, 2, -3, -5, -4})}),
              ElementsAre(9, -3));
}

TEST(StraightThroughTest, HasOneValueAndAnothersGradient) {
  const Composition rounded = [](GraphBuilder& b, const Values& x) {
    return Values{StraightThrough(b, b.Op("round", {x[0]}), x[0])};
  };
  const Tensor src = F32({3}, {0.3f, 1.7f, -2.6f});
  EXPECT_THAT(ValuesOf(rounded, {src}), ElementsAre(0, 2, -3));
  EXPECT_THAT(GradientOf(rounded, {src}), ElementsAre(1, 2, 3));
}

Composition Gumbel(bool hard) {
  return [hard](GraphBuilder& b, const Values& x) {
    return Values{GumbelSoftmax(b, x[0], x[1], x[2], hard)};
  };
}

TEST(GumbelSoftmaxTest, NoiseDecides) {
  // Noise of exp(-1) is 0, of exp(-exp(-1)) is 1.
  const std::vector<Tensor> operands = {
      F32({1, 2}, {2, 1}),
      F32({1, 2}, {std::exp(-1.0f), std::exp(-std::exp(-1.0f))}),
      F32({}, {0.5f})};
  EXPECT_THAT(ValuesOf(Gumbel(false), operands), Each(DoubleNear(0.5, 1e-5)));
  std::vector<Tensor> biased = operands;
  biased[0] = F32({1, 2}, {2, 1.5f});
  EXPECT_THAT(ValuesOf(Gumbel(true), biased), ElementsAre(0, 1));
  // 0 is the least likely noise, and finite.
  biased[1] = F32({1, 2}, {0, 0.5f});
  EXPECT_THAT(ValuesOf(Gumbel(true), biased), ElementsAre(0, 1));
}

TEST(GumbelSoftmaxTest, TheHardChoiceHasTheSoftGradient) {
  const std::vector<Tensor> operands = {
      RandomTensor({2, 3}), RandomTensor({2, 3}, 0.1, 0.9), F32({}, {0.7f})};
  EXPECT_EQ(GradientOf(Gumbel(true), operands),
            GradientOf(Gumbel(false), operands));
  EXPECT_OK(CheckComposition(Gumbel(false), operands));
}

TEST(PactTest, TheLevelLearnsFromWhatItClips) {
  const Composition pact = [](GraphBuilder& b, const Values& x) {
    return Values{Pact(b, x[0], x[1], 2)};
  };
  // Steps of 0.5 up to 1.5.
  const std::vector<Tensor> operands = {F32({5}, {-1, 0.3f, 0.6f, 1.4f, 9}),
                                        F32({}, {1.5f})};
  EXPECT_THAT(ValuesOf(pact, operands), ElementsAre(0, 0.5, 0.5, 1.5, 1.5));
  EXPECT_THAT(GradientOf(pact, operands), ElementsAre(0, 2, 3, 4, 0));
  EXPECT_THAT(GradientOf(pact, operands, 1), ElementsAre(5));
}

TEST(KlDivergenceTest, IsZeroForEqualsOnly) {
  const Composition kl = [](GraphBuilder& b, const Values& x) {
    return Values{KlDivergence(b, x[0], x[1])};
  };
  const float half = std::log(0.5f), quarter = std::log(0.25f),
              rest = std::log(0.75f);
  EXPECT_THAT(ValuesOf(kl, {F32({2, 2}, {half, half, half, half}),
                            F32({2, 2}, {half, half, quarter, rest})}),
              ElementsAre(0, DoubleNear(0.5 * std::log(4.0 / 3), 1e-6)));
}

TEST(LossTest, DifferentiateAndRun) {
  const Composition losses = [](GraphBuilder& b, const Values& x) {
    return Values{DistillationLoss(b, x[0], x[1], 3),
                  MeanSquaredError(b, x[0], b.Op("stop_gradient", {x[1]}))};
  };
  const std::vector<Tensor> operands = {RandomTensor({3, 4}),
                                        RandomTensor({3, 4}, 0, 2)};
  ASSERT_OK_AND_ASSIGN(const auto values,
                       EvaluateComposition(losses, operands));
  EXPECT_GT(ToDoubles(values[0])[0], 0);
  const Composition of_student = [&](GraphBuilder& b, const Values& x) {
    const ValueId teacher = b.Op("cast", {b.Constant(operands[1])},
                                 {{"dtype", std::string(Name(b.dtype(x[0])))}});
    return Values{DistillationLoss(b, x[0], teacher, 3),
                  MeanSquaredError(b, x[0], teacher)};
  };
  // Logarithms that nearly cancel leave few digits in f32.
  EXPECT_OK(CheckComposition(of_student, {operands[0]}, 4096));
}

}  // namespace
}  // namespace assay
