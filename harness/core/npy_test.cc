#include "harness/core/npy.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(NpyTest, WritesHeaderAndElements) {
  const Tensor tensor = Tensor::From<float>({2, 1}, {1.0f, -2.0f});
  ASSERT_OK_AND_ASSIGN(const std::string bytes, SerializeNpy(tensor));
  EXPECT_THAT(bytes, StartsWith(std::string("\x93NUMPY\x01\x00", 8)));
  EXPECT_THAT(bytes, HasSubstr("{'descr': '<f4', 'fortran_order': False, "
                               "'shape': (2, 1), }"));
  ASSERT_EQ(bytes.size() % 64, 8u);  // the header fills whole lines of 64
  EXPECT_EQ(bytes[bytes.size() - 9], '\n');
  EXPECT_EQ(bytes.substr(bytes.size() - 8),
            std::string("\x00\x00\x80\x3f\x00\x00\x00\xc0", 8));
}

TEST(NpyTest, ShapesOfOneAxisAndOfNone) {
  EXPECT_THAT(*SerializeNpy(Tensor::From<int32_t>({3}, {1, 2, 3})),
              HasSubstr("'<i4', 'fortran_order': False, 'shape': (3,), }"));
  EXPECT_THAT(*SerializeNpy(Tensor::From<int64_t>({}, {1})),
              HasSubstr("'shape': (), }"));
}

TEST(NpyTest, RefusesWhatNumPyLacks) {
  EXPECT_THAT(SerializeNpy(Tensor::Zeros(DType::kBF16, {2})),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("bf16")));
}

}  // namespace
}  // namespace assay
