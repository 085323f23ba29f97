#include "harness/ops/support/visit.h"

#include "gtest/gtest.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using testing::HasSubstr;

size_t WidthOf(DType dtype) {
  size_t width = 0;
  EXPECT_OK(VisitWidth(dtype, [&]<typename T>() {
    width = sizeof(T);
    return absl::OkStatus();
  }));
  return width;
}

TEST(VisitTest, EveryTypeHasTheWidthOfItsElements) {
  for (const DType dtype : {DType::kF32, DType::kF64, DType::kBF16, DType::kS8,
                            DType::kBool, DType::kS64}) {
    EXPECT_EQ(static_cast<int64_t>(WidthOf(dtype)), SizeOf(dtype));
  }
}

TEST(VisitTest, FloatsAreF32AndF64) {
  const auto nothing = []<typename T>() { return absl::OkStatus(); };
  EXPECT_OK(VisitFloat(DType::kF64, nothing));
  EXPECT_OK(VisitNumeric(DType::kS32, nothing));
  EXPECT_THAT(
      VisitFloat(DType::kBF16, nothing),
      StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("type bf16")));
}

}  // namespace
}  // namespace assay
