#include "harness/testing/compare.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using testing::HasSubstr;

Tensor Floats(std::initializer_list<float> values) {
  return Tensor::From<float>({static_cast<int64_t>(values.size())}, values);
}

TEST(CompareTest, ToleranceGrowsWithTheTerms) {
  const float eps = std::numeric_limits<float>::epsilon();
  const Tensor want = Floats({1, 0}), got = Floats({1, 20 * eps});
  EXPECT_OK(CompareTensors(want, got, 100));
  EXPECT_THAT(
      CompareTensors(want, got, 1),
      StatusIs(absl::StatusCode::kInternal, HasSubstr("element 1 of f32[2]")));
}

TEST(CompareTest, NanAndInfinityMustAgree) {
  const Tensor odd = Floats({NAN, INFINITY});
  EXPECT_OK(CompareTensors(odd, odd, 1));
  EXPECT_FALSE(CompareTensors(odd, Floats({NAN, 1}), 1).ok());
  EXPECT_FALSE(CompareTensors(odd, Floats({1, INFINITY}), 1).ok());
  EXPECT_FALSE(CompareTensors(Floats({1, 1}), odd, 1).ok());
}

TEST(CompareTest, BytesMayDifferByOneStep) {
  const Tensor want = Tensor::From<uint8_t>({2}, {7, 9});
  EXPECT_OK(CompareTensors(want, Tensor::From<uint8_t>({2}, {8, 8}), 1));
  EXPECT_FALSE(
      CompareTensors(want, Tensor::From<uint8_t>({2}, {7, 7}), 1).ok());
}

TEST(CompareTest, TypesMustAgree) {
  EXPECT_THAT(CompareTensors(Floats({1}), Tensor::From<int32_t>({1}, {1}), 1),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("expected f32[1], got s32[1]")));
}

}  // namespace
}  // namespace assay
