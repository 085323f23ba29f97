#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/ops/testing/evaluate.h"

namespace assay {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

TEST(RopeTest, TurnsPairsAHalfApart) {
  // D = 4, position 1: angles 1 and 0.01; the pairs are (0, 2) and (1, 3).
  const Tensor src = F64({1, 1, 1, 4}, {1, 0, 0, 2});
  const double s = std::sin(0.01), c = std::cos(0.01);
  EXPECT_THAT(
      ValuesOfOp("rope", {src}, {{"offset", int64_t{1}}}),
      ElementsAre(DoubleNear(std::cos(1), 1e-15), DoubleNear(-2 * s, 1e-15),
                  DoubleNear(std::sin(1), 1e-15), DoubleNear(2 * c, 1e-15)));
  EXPECT_THAT(ValuesOfOp("rope", {src}), ElementsAre(1, 0, 0, 2));
}

TEST(RepeatHeadsTest, CopiesLieTogether) {
  EXPECT_THAT(ValuesOfOp("repeat_heads", {F32({1, 2, 1, 1}, {3, 4})},
                         {{"repeats", int64_t{2}}}),
              ElementsAre(3, 3, 4, 4));
}

}  // namespace
}  // namespace assay
