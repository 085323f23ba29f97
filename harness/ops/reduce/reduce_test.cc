// Ties, NaN and order: what the generic rows leave out.
#include "harness/ops/reduce/reduce.h"

#include <cmath>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/ops/testing/evaluate.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;
using testing::ElementsAre;

TEST(ReduceMaxTest, TheGradientGoesToTheFirstMaximumAlone) {
  const Tensor src = F32({2, 3}, {1, 5, 5, 7, 7, 7});
  ASSERT_OK_AND_ASSIGN(const auto along_rows,
                       GradientsOfOp("reduce_max", {src}, {{"axes", Ints{1}}}));
  EXPECT_THAT(ToDoubles(along_rows[0]), ElementsAre(0, 1, 0, 1, 0, 0));
  ASSERT_OK_AND_ASSIGN(const auto along_columns,
                       GradientsOfOp("reduce_max", {src}, {{"axes", Ints{0}}}));
  EXPECT_THAT(ToDoubles(along_columns[0]), ElementsAre(0, 0, 0, 1, 1, 1));
  ASSERT_OK_AND_ASSIGN(const auto all, GradientsOfOp("reduce_max", {src}));
  EXPECT_THAT(ToDoubles(all[0]), ElementsAre(0, 0, 0, 1, 0, 0));
}

TEST(ReduceMaxTest, MinusInfinityIsAMaximumAndNanWins) {
  EXPECT_THAT(ValuesOfOp("reduce_max", {F32({2}, {-INFINITY, -INFINITY})}),
              ElementsAre(-INFINITY));
  EXPECT_TRUE(std::isnan(ValuesOfOp("reduce_max", {F32({3}, {1, NAN, 2})})[0]));
}

TEST(ArgmaxTest, TheFirstMaximumWins) {
  EXPECT_THAT(ValuesOfOp("argmax", {F32({2, 3}, {1, 5, 5, 2, 2, 2})}),
              ElementsAre(1, 0));
  EXPECT_THAT(ValuesOfOp("argmax", {F32({1, 4}, {1, NAN, 9, NAN})}),
              ElementsAre(1));
}

TEST(TopKTest, EqualOnesGoLowestPositionFirst) {
  ASSERT_OK_AND_ASSIGN(const auto top,
                       EvaluateOp("top_k", {F32({6}, {1, 5, 3, 5, NAN, -9})},
                                  {{"k", int64_t{4}}}));
  EXPECT_TRUE(std::isnan(ToDoubles(top[0])[0]));
  EXPECT_THAT(ToDoubles(top[1]), ElementsAre(4, 1, 3, 2));
  ASSERT_OK_AND_ASSIGN(
      const auto bottom,
      EvaluateOp("top_k", {F32({2, 3}, {2, NAN, 2, 7, 1, 0})},
                 {{"k", int64_t{2}}, {"largest", int64_t{0}}}));
  EXPECT_THAT(ToDoubles(bottom[0]), ElementsAre(2, 2, 0, 1));
  EXPECT_THAT(ToDoubles(bottom[1]), ElementsAre(0, 2, 2, 1));
}

TEST(TopKTest, TheGradientGoesToWhatWasPicked) {
  ASSERT_OK_AND_ASSIGN(const auto gradients,
                       GradientsOfOp("top_k", {F32({2, 3}, {3, 8, 5, 4, 4, 4})},
                                     {{"k", int64_t{2}}}));
  EXPECT_THAT(ToDoubles(gradients[0]), ElementsAre(0, 1, 1, 1, 1, 0));
}

TEST(ReduceSumTest, SumsInDouble) {
  std::vector<float> values(1 << 16, 0.1f);
  values[0] = 1e8f;
  const Tensor src = F32({1 << 16}, values);
  EXPECT_EQ(ValuesOfOp("reduce_sum", {src})[0],
            static_cast<double>(
                static_cast<float>(1e8 + 65535 * static_cast<double>(0.1f))));
}

TEST(ReduceSumTest, IntegersWrapAround) {
  constexpr int32_t kMax = std::numeric_limits<int32_t>::max();
  EXPECT_THAT(ValuesOfOp("reduce_sum", {S32({2}, {kMax, 1})}),
              ElementsAre(std::numeric_limits<int32_t>::min()));
}

TEST(CumsumTest, RunsEitherWay) {
  const Tensor src = F32({3}, {1, 2, 3});
  EXPECT_THAT(ValuesOfOp("cumsum", {src}), ElementsAre(1, 3, 6));
  EXPECT_THAT(ValuesOfOp("cumsum", {src}, {{"reverse", int64_t{1}}}),
              ElementsAre(6, 5, 3));
}

}  // namespace
}  // namespace assay
