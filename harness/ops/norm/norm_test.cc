// Exact values: what the generic rows leave out.
#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/ops/testing/evaluate.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

const Attributes kExact = {{"epsilon", 0.0}};

TEST(BatchNormTrainingTest, GivesBiasedStatistics) {
  // Channel 0: 1, 3 (mean 2, variance 1); channel 1: 0, 4 (2, 4).
  ASSERT_OK_AND_ASSIGN(const auto results,
                       EvaluateOp("batch_norm_training",
                                  {F32({2, 2}, {1, 0, 3, 4}), F32({2}, {1, 10}),
                                   F32({2}, {0, 5})},
                                  kExact));
  EXPECT_THAT(ToDoubles(results[0]), ElementsAre(-1, -5, 1, 15));
  EXPECT_THAT(ToDoubles(results[1]), ElementsAre(2, 2));
  EXPECT_THAT(ToDoubles(results[2]), ElementsAre(1, 4));
}

TEST(BatchNormTrainingTest, AFarMeanLosesNothing) {
  // Squares of 1e4 would swallow a variance of 1 in f32.
  ASSERT_OK_AND_ASSIGN(
      const auto results,
      EvaluateOp("batch_norm_training",
                 {F32({2, 1}, {9999, 10001}), F32({1}, {1}), F32({1}, {0})},
                 kExact));
  EXPECT_THAT(ToDoubles(results[0]), ElementsAre(-1, 1));
}

TEST(BatchNormTest, UsesTheGivenStatistics) {
  EXPECT_THAT(ValuesOfOp("batch_norm",
                         {F32({1, 2}, {5, 1}), F32({2}, {2, 1}),
                          F32({2}, {1, 0}), F32({2}, {3, 1}), F32({2}, {4, 1})},
                         kExact),
              ElementsAre(3, 0));
}

TEST(LayerNormTest, NormalisesRows) {
  EXPECT_THAT(ValuesOfOp("layer_norm",
                         {F32({2, 2}, {1, 3, 10, 30}), F32({2}, {1, 2}),
                          F32({2}, {0, 1})},
                         kExact),
              ElementsAre(-1, 3, -1, 3));
}

TEST(RmsNormTest, DividesByTheRootMeanSquare) {
  EXPECT_THAT(
      ValuesOfOp("rms_norm", {F32({1, 2}, {1, 7}), F32({2}, {1, 1})}, kExact),
      ElementsAre(DoubleNear(0.2, 1e-7), DoubleNear(1.4, 1e-6)));
}

}  // namespace
}  // namespace assay
