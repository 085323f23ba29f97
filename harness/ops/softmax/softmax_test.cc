// Extremes: what the generic rows leave out.
#include "harness/ops/softmax/softmax.h"

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

TEST(SoftmaxTest, LargeLogitsDoNotOverflow) {
  EXPECT_THAT(ValuesOfOp("softmax", {F32({1, 2}, {3e38f, 3e38f})}),
              ElementsAre(0.5, 0.5));
  EXPECT_THAT(ValuesOfOp("log_softmax", {F32({1, 2}, {1000, 0})}),
              ElementsAre(0, -1000));
}

TEST(SoftmaxTest, MinusInfinityMasks) {
  EXPECT_THAT(ValuesOfOp("softmax", {F32({1, 3}, {-INFINITY, 1, 1})}),
              ElementsAre(0, 0.5, 0.5));
  ASSERT_OK_AND_ASSIGN(
      const auto gradients,
      GradientsOfOp("softmax", {F32({1, 3}, {-INFINITY, 1, 2})}));
  for (const double g : ToDoubles(gradients[0])) EXPECT_FALSE(std::isnan(g));
}

TEST(CrossEntropyTest, IsMinusTheLogProbability) {
  const Tensor logits = F32({2, 2}, {0, std::log(3.0f), 1000, 0});
  EXPECT_THAT(ValuesOfOp("cross_entropy", {logits, S32({2}, {1, 1})}),
              ElementsAre(DoubleNear(std::log(4.0 / 3), 1e-6), 1000));
}

TEST(CrossEntropyTest, SmoothingMixesInTheMean) {
  // Equal logits: log 4 whatever the smoothing.
  EXPECT_THAT(
      ValuesOfOp("cross_entropy", {F32({1, 4}, {2, 2, 2, 2}), S32({1}, {3})},
                 {{"label_smoothing", 0.3}}),
      ElementsAre(DoubleNear(std::log(4.0), 1e-6)));
}

TEST(CrossEntropyTest, IgnoredRowsHaveNoLossAndNoGradient) {
  const std::vector<Tensor> operands = {F32({2, 2}, {5, 1, 5, 1}),
                                        S32({2}, {0, 1})};
  const Attributes attributes = {{"ignore_index", int64_t{0}}};
  EXPECT_EQ(ValuesOfOp("cross_entropy", operands, attributes)[0], 0);
  ASSERT_OK_AND_ASSIGN(const auto gradients,
                       GradientsOfOp("cross_entropy", operands, attributes));
  const std::vector<double> g = ToDoubles(gradients[0]);
  EXPECT_EQ(g[0], 0);
  EXPECT_EQ(g[1], 0);
  EXPECT_NEAR(g[2], 1 / (1 + std::exp(-4.0)), 1e-6);
}

TEST(CrossEntropyTest, ABadLabelIsNamed) {
  EXPECT_THAT(EvaluateOp("cross_entropy",
                         {F32({2, 2}, {0, 0, 0, 0}), S32({2}, {0, 2})}),
              StatusIs(absl::StatusCode::kOutOfRange,
                       HasSubstr("row 1: expected a value in [0, 2)")));
}

}  // namespace
}  // namespace assay
