#include "harness/core/status_macros.h"

#include <memory>

#include "gtest/gtest.h"

namespace assay {
namespace {

absl::StatusOr<int> Half(int x) {
  if (x % 2 != 0) return absl::InvalidArgumentError("odd");
  return x / 2;
}

absl::StatusOr<int> Quarter(int x) {
  ASSAY_ASSIGN_OR_RETURN(const int half, Half(x));
  ASSAY_ASSIGN_OR_RETURN(const int quarter, Half(half));
  return quarter;
}

absl::Status CheckEven(int x, int* calls) {
  ASSAY_RETURN_IF_ERROR(Half(x).status());
  ++*calls;
  return absl::OkStatus();
}

absl::StatusOr<int> Unwrap(absl::StatusOr<std::unique_ptr<int>> box) {
  ASSAY_ASSIGN_OR_RETURN(std::unique_ptr<int> value, std::move(box));
  return *value;
}

TEST(StatusMacrosTest, AssignsOrReturnsTheFirstError) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(6).status(), absl::InvalidArgumentError("odd"));
}

TEST(StatusMacrosTest, ReturnsEarlyOnlyOnError) {
  int calls = 0;
  EXPECT_TRUE(CheckEven(2, &calls).ok());
  EXPECT_FALSE(CheckEven(3, &calls).ok());
  EXPECT_EQ(calls, 1);
}

TEST(StatusMacrosTest, MovesValuesThatCannotBeCopied) {
  EXPECT_EQ(*Unwrap(std::make_unique<int>(4)), 4);
  EXPECT_EQ(Unwrap(absl::NotFoundError("x")).status(),
            absl::NotFoundError("x"));
}

}  // namespace
}  // namespace assay
