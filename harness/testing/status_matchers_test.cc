#include "harness/testing/status_matchers.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

using testing::HasSubstr;
using testing::Not;

absl::StatusOr<int> Half(int n) {
  if (n % 2 != 0) return absl::InvalidArgumentError("odd number");
  return n / 2;
}

TEST(StatusMatchersTest, MatchStatusAndStatusOr) {
  EXPECT_OK(absl::OkStatus());
  EXPECT_OK(Half(4));
  EXPECT_THAT(Half(3), Not(IsOk()));
  EXPECT_THAT(Half(3),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("odd")));
  EXPECT_THAT(Half(3),
              Not(StatusIs(absl::StatusCode::kNotFound, HasSubstr("odd"))));
}

TEST(StatusMatchersTest, AssignGivesTheValue) {
  ASSERT_OK_AND_ASSIGN(const int two, Half(4));
  EXPECT_EQ(two, 2);
}

}  // namespace
}  // namespace assay
