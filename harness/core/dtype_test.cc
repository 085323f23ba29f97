#include "harness/core/dtype.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"

namespace assay {
namespace {

constexpr DType kAll[] = {DType::kF32, DType::kF64, DType::kBF16, DType::kS8,
                          DType::kU8,  DType::kS32, DType::kS64,  DType::kBool};

TEST(DTypeTest, NamesParseBack) {
  for (DType dtype : kAll) EXPECT_EQ(*ParseDType(Name(dtype)), dtype);
}

TEST(DTypeTest, UnknownNameListsTheKnownOnes) {
  const absl::Status status = ParseDType("f16").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "unknown dtype \"f16\"; known are "
            "f32, f64, bf16, s8, u8, s32, s64, bool");
}

TEST(DTypeTest, SizesAreThoseOfTheCppTypes) {
  EXPECT_EQ(SizeOf(DTypeOf<float>()), 4);
  EXPECT_EQ(SizeOf(DTypeOf<double>()), 8);
  EXPECT_EQ(SizeOf(DTypeOf<BFloat16>()), 2);
  EXPECT_EQ(SizeOf(DTypeOf<int8_t>()), 1);
  EXPECT_EQ(SizeOf(DTypeOf<uint8_t>()), 1);
  EXPECT_EQ(SizeOf(DTypeOf<int32_t>()), 4);
  EXPECT_EQ(SizeOf(DTypeOf<int64_t>()), 8);
  EXPECT_EQ(SizeOf(DTypeOf<bool>()), 1);
}

TEST(DTypeTest, OnlyThreeTypesAreFloat) {
  for (DType dtype : kAll) {
    EXPECT_EQ(IsFloat(dtype), dtype == DType::kF32 || dtype == DType::kF64 ||
                                  dtype == DType::kBF16);
  }
}

TEST(BFloat16Test, RoundsToNearestTiesToEven) {
  EXPECT_EQ(BFloat16(1.0f).bits, 0x3f80);
  // One unit in the last place of bf16 at 1 is 1/128.
  EXPECT_EQ(BFloat16(1.0f + 1.0f / 256).bits, 0x3f80);  // tie, down to even
  EXPECT_EQ(BFloat16(1.0f + 3.0f / 256).bits, 0x3f82);  // tie, up to even
  EXPECT_EQ(BFloat16(1.0f + 3.0f / 512).bits, 0x3f81);
  EXPECT_EQ(BFloat16(-2.0f).bits, 0xc000);
}

TEST(BFloat16Test, KeepsInfinityAndNan) {
  const float inf = std::numeric_limits<float>::infinity();
  EXPECT_EQ(static_cast<float>(BFloat16(inf)), inf);
  EXPECT_EQ(static_cast<float>(BFloat16(-inf)), -inf);
  EXPECT_EQ(static_cast<float>(BFloat16(std::numeric_limits<float>::max())),
            inf);
  EXPECT_TRUE(std::isnan(static_cast<float>(BFloat16(std::nanf("")))));
}

}  // namespace
}  // namespace assay
