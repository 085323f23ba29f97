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

TEST(NpyTest, ReadsWhatItWrites) {
  for (const Tensor& tensor :
       {Tensor::From<float>({2, 1}, {1.0f, -2.0f}),
        Tensor::From<int64_t>({}, {7}), Tensor::From<int8_t>({3}, {1, 2, 3}),
        Tensor::From<double>({1, 1, 2}, {0.5, 2})}) {
    ASSERT_OK_AND_ASSIGN(const std::string bytes, SerializeNpy(tensor));
    ASSERT_OK_AND_ASSIGN(const Tensor read, ParseNpy(bytes, "t.npy"));
    EXPECT_TRUE(BitEqual(read, tensor)) << read.TypeString();
  }
}

TEST(NpyTest, RefusesOtherFiles) {
  const std::string good = *SerializeNpy(Tensor::From<float>({2}, {1, 2}));
  const auto refused = [&](const std::string& bytes, const char* why) {
    EXPECT_THAT(ParseNpy(bytes, "t.npy"),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(why)));
  };
  for (size_t size = 0; size < good.size(); ++size) {
    refused(good.substr(0, size), "t.npy: ");
  }
  refused(good + "x", "expected 8 bytes of elements, got 9");
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string bytes = good;
    return bytes.replace(bytes.find(from), from.size(), to);
  };
  refused(with("<f4", ">f4"), "little-endian");
  refused(with("False", "True "), "fortran_order");
  refused(with("(2,)", "(-2)"), "the shape");
  refused(with("(2,), }", "(99999)"), "the shape");
}

}  // namespace
}  // namespace assay
