// Exact placements and bad indices: what the generic rows leave out.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/ops/testing/evaluate.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;
using testing::ElementsAre;
using testing::HasSubstr;

const Tensor kMatrix = S32({2, 3}, {1, 2, 3, 4, 5, 6});

TEST(ReshapeTest, ZeroCopiesAndMinusOneInfers) {
  ASSERT_OK_AND_ASSIGN(
      const auto result,
      EvaluateOp("reshape", {Tensor::Zeros(DType::kF32, {2, 3, 4})},
                 {{"shape", Ints{0, -1, 2}}}));
  EXPECT_EQ(result[0].shape(), Shape({2, 6, 2}));
}

TEST(TransposeTest, MovesAxes) {
  EXPECT_THAT(ValuesOfOp("transpose", {kMatrix}, {{"permutation", Ints{1, 0}}}),
              ElementsAre(1, 4, 2, 5, 3, 6));
}

TEST(SliceTest, StepsAndNegativeBounds) {
  EXPECT_THAT(ValuesOfOp("slice", {kMatrix},
                         {{"starts", Ints{-1, 0}},
                          {"ends", Ints{2, 3}},
                          {"steps", Ints{1, 2}}}),
              ElementsAre(4, 6));
}

TEST(GatherAlongTest, EachLineHasItsOwnPositions) {
  EXPECT_THAT(ValuesOfOp("gather_along", {kMatrix, S32({2, 2}, {2, 0, 1, 1})}),
              ElementsAre(3, 1, 5, 5));
  EXPECT_THAT(ValuesOfOp("gather_along", {kMatrix, S32({1, 3}, {1, 0, 1})},
                         {{"axis", int64_t{0}}}),
              ElementsAre(4, 2, 6));
  EXPECT_THAT(EvaluateOp("gather_along", {kMatrix, S32({2, 1}, {0, 3})}),
              StatusIs(absl::StatusCode::kOutOfRange,
                       HasSubstr("element 1: expected a value in [0, 3)")));
}

TEST(ScatterAddAlongTest, EqualPositionsAddUp) {
  EXPECT_THAT(ValuesOfOp("scatter_add_along",
                         {S32({2, 3}, {0, 3, 0, 1, 1, 1}),
                          F32({2, 3}, {1, 2, 4, 8, 16, 32})},
                         {{"extent", int64_t{4}}}),
              ElementsAre(5, 0, 0, 2, 0, 56, 0, 0));
}

TEST(ScatterMaxTest, RowsWithoutAnUpdateAreZero) {
  ASSERT_OK_AND_ASSIGN(const auto result,
                       EvaluateOp("scatter_max",
                                  {S32({4}, {2, 0, 2, 2}),
                                   F32({4, 2}, {-1, 5, -7, -8, -1, 6, -3, 6})},
                                  {{"rows", int64_t{3}}}));
  EXPECT_THAT(ToDoubles(result[0]), ElementsAre(-7, -8, 0, 0, -1, 6));
  // The first of equal ones.
  EXPECT_THAT(ToDoubles(result[1]), ElementsAre(1, 1, -1, -1, 0, 2));
  ASSERT_OK_AND_ASSIGN(
      const auto gradients,
      GradientsOfOp("scatter_max", {S32({3}, {1, 1, 0}), F32({3}, {4, 4, 9})},
                    {{"rows", int64_t{2}}}));
  EXPECT_THAT(ToDoubles(gradients[1]), ElementsAre(1, 0, 1));
}

TEST(PadTest, PutsTheValueAroundAndZerosBetween) {
  EXPECT_THAT(ValuesOfOp("pad", {S32({2}, {1, 2})},
                         {{"before", Ints{1}},
                          {"after", Ints{2}},
                          {"between", Ints{1}},
                          {"value", 9.0}}),
              ElementsAre(9, 1, 9, 2, 9, 9));
}

TEST(ConcatTest, JoinsAlongTheAxis) {
  EXPECT_THAT(ValuesOfOp("concat", {kMatrix, S32({2, 1}, {7, 8})},
                         {{"axis", int64_t{1}}}),
              ElementsAre(1, 2, 3, 7, 4, 5, 6, 8));
}

TEST(GatherTest, TakesRowsOrColumns) {
  const Tensor indices = S32({3}, {1, 0, 1});
  EXPECT_THAT(ValuesOfOp("gather", {kMatrix, indices}),
              ElementsAre(4, 5, 6, 1, 2, 3, 4, 5, 6));
  EXPECT_THAT(ValuesOfOp("gather", {kMatrix, indices}, {{"axis", int64_t{1}}}),
              ElementsAre(2, 1, 2, 5, 4, 5));
}

TEST(GatherTest, ABadIndexIsNamed) {
  for (const int32_t bad : {-1, 2}) {
    EXPECT_THAT(EvaluateOp("gather", {kMatrix, S32({2}, {0, bad})}),
                StatusIs(absl::StatusCode::kOutOfRange,
                         HasSubstr("element 1: expected a value in [0, 2)")));
  }
}

TEST(ScatterAddTest, RepeatedIndicesAddUp) {
  EXPECT_THAT(
      ValuesOfOp("scatter_add", {S32({3}, {2, 0, 2}), F32({3, 1}, {1, 2, 4})},
                 {{"rows", int64_t{3}}}),
      ElementsAre(2, 0, 5));
  EXPECT_THAT(EvaluateOp("scatter_add", {S32({1}, {3}), F32({1}, {1})},
                         {{"rows", int64_t{3}}}),
              StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("[0, 3)")));
}

TEST(OneHotTest, AnIndexOutsideGivesZeros) {
  EXPECT_THAT(
      ValuesOfOp("one_hot", {S32({3}, {1, -1, 2})}, {{"depth", int64_t{2}}}),
      ElementsAre(0, 1, 0, 0, 0, 0));
}

}  // namespace
}  // namespace assay
