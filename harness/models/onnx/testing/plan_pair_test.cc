// An imported network is the same work as the network that was exported.
#include "harness/models/onnx/testing/plan_pair.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

class PlanPairTest : public ::testing::TestWithParam<const char*> {};

TEST_P(PlanPairTest, TheSameNodes) {
  for (const int64_t batch : {1, 4}) {
    ASSERT_OK_AND_ASSIGN(const PlanPair pair, MakePlanPair(GetParam(), batch));
    EXPECT_GT(pair.own.node_count(), 5);
    EXPECT_THAT(PlanDifferences(pair), ::testing::IsEmpty());
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, PlanPairTest,
                         ::testing::Values("resnet20", "dscnn",
                                           "mobilenet-v2"));

// ONNX's Gather takes negative indices, which count from the end, and a file
// cannot say that tokens are never negative.
TEST(PlanDifferencesTest, ADecoderWrapsItsTokensAndNothingElse) {
  ASSERT_OK_AND_ASSIGN(const PlanPair pair, MakePlanPair("lmd-xs", 1));
  EXPECT_THAT(PlanDifferences(pair),
              ::testing::ElementsAre(
                  "imported: add(s32[1,128], s32[]) -> s32[1,128]",
                  "imported: greater(s32[], s32[1,128]) -> bool[1,128]",
                  "imported: where(bool[1,128], s32[1,128], s32[1,128]) -> "
                  "s32[1,128]"));
}

TEST(PlanDifferencesTest, SaysWhatOnlyOneHas) {
  ASSERT_OK_AND_ASSIGN(PlanPair pair, MakePlanPair("lenet5", 1));
  ASSERT_OK_AND_ASSIGN(const PlanPair other, MakePlanPair("lenet5", 2));
  EXPECT_THAT(PlanDifferences(pair), ::testing::IsEmpty());
  pair.imported = other.imported;
  EXPECT_THAT(PlanDifferences(pair),
              ::testing::Contains(::testing::StartsWith("imported: ")));
}

}  // namespace
}  // namespace assay
