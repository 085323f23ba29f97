// Ties, NaN and padding: what the generic rows leave out.
#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/ops/testing/evaluate.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;
using testing::ElementsAre;

const Attributes kTwoByTwo = {{"kernel", Ints{2, 2}}};

TEST(MaxPoolTest, TheFirstMaximumTakesTheGradient) {
  const Tensor src = F32({1, 1, 2, 2}, {1, 3, 3, 3});
  ASSERT_OK_AND_ASSIGN(const auto gradients,
                       GradientsOfOp("max_pool", {src}, kTwoByTwo));
  EXPECT_THAT(ToDoubles(gradients[0]), ElementsAre(0, 1, 0, 0));
}

TEST(MaxPoolTest, PaddingNeverWinsAndNanDoes) {
  EXPECT_THAT(ValuesOfOp("max_pool", {F32({1, 1, 1, 1}, {-7})},
                         {{"kernel", Ints{3, 3}}, {"pads", Ints{1, 1, 1, 1}}}),
              ElementsAre(-7));
  EXPECT_TRUE(std::isnan(ValuesOfOp(
      "max_pool", {F32({1, 1, 2, 2}, {1, NAN, 9, 2})}, kTwoByTwo)[0]));
}

TEST(MaxPoolTest, SelectReadsOtherValuesThere) {
  EXPECT_THAT(ValuesOfOp("max_pool_select",
                         {F32({1, 1, 2, 2}, {10, 20, 30, 40}),
                          F32({1, 1, 2, 2}, {1, 2, 9, 3})},
                         kTwoByTwo),
              ElementsAre(30));
}

TEST(AvgPoolTest, PadsCountOnlyWhenAsked) {
  const Tensor src = F32({1, 1, 2, 2}, {4, 8, 12, 16});
  Attributes attributes = {{"kernel", Ints{2, 2}},
                           {"strides", Ints{2, 2}},
                           {"pads", Ints{1, 1, 1, 1}}};
  EXPECT_THAT(ValuesOfOp("avg_pool", {src}, attributes),
              ElementsAre(4, 8, 12, 16));
  attributes.Set("count_include_pad", int64_t{1});
  EXPECT_THAT(ValuesOfOp("avg_pool", {src}, attributes),
              ElementsAre(1, 2, 3, 4));
}

}  // namespace
}  // namespace assay
