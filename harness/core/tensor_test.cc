#include "harness/core/tensor.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "gtest/gtest.h"

namespace assay {
namespace {

template <typename T>
std::vector<T> Values(const Tensor& t) {
  return std::vector<T>(t.span<T>().begin(), t.span<T>().end());
}

TEST(TensorTest, DefaultIsEmptyF32) {
  const Tensor t;
  EXPECT_EQ(t.TypeString(), "f32[0]");
  EXPECT_EQ(t.size(), 0);
  EXPECT_EQ(t.raw(), nullptr);
}

TEST(TensorTest, KnowsItsTypeAndExtents) {
  const Tensor t = Tensor::Zeros(DType::kS32, {2, 3});
  EXPECT_EQ(t.TypeString(), "s32[2,3]");
  EXPECT_EQ(t.rank(), 2);
  EXPECT_EQ(t.dim(1), 3);
  EXPECT_EQ(t.size(), 6);
  EXPECT_EQ(t.bytes(), 24);
  EXPECT_EQ(Values<int32_t>(t), std::vector<int32_t>(6, 0));
}

TEST(TensorTest, ScalarHasOneElement) {
  EXPECT_EQ(Tensor::Zeros(DType::kF64, {}).size(), 1);
}

TEST(TensorTest, MemoryIsAligned) {
  for (int64_t n : {1, 3, 17, 1000}) {
    const Tensor t(DType::kU8, {n});
    EXPECT_EQ(reinterpret_cast<uintptr_t>(t.raw()) % 64, 0u);
  }
}

TEST(TensorTest, CopyingSharesAndCloneCopies) {
  Tensor a = Tensor::From<float>({2}, {1, 2});
  Tensor shared = a;
  Tensor clone = a.Clone();
  a.data<float>()[0] = 9;
  EXPECT_EQ(Values<float>(shared), (std::vector<float>{9, 2}));
  EXPECT_EQ(Values<float>(clone), (std::vector<float>{1, 2}));
}

TEST(TensorTest, BorrowKeepsTheOwnerAlive) {
  auto owner = std::make_shared<std::vector<float>>(4, 5.0f);
  std::weak_ptr<std::vector<float>> watch = owner;
  Tensor t = Tensor::Borrow(DType::kF32, {2, 2}, owner->data(), owner);
  owner.reset();
  EXPECT_EQ(Values<float>(t), (std::vector<float>{5, 5, 5, 5}));
  t = Tensor();
  EXPECT_TRUE(watch.expired());
}

TEST(TensorTest, BorrowOfStaticDataNeedsNoOwner) {
  static int32_t numbers[] = {7, 8};
  EXPECT_EQ(Values<int32_t>(Tensor::Borrow(DType::kS32, {2}, numbers, nullptr)),
            (std::vector<int32_t>{7, 8}));
}

TEST(TensorTest, ReshapedSharesMemory) {
  Tensor a = Tensor::From<uint8_t>({2, 2}, {1, 2, 3, 4});
  Tensor b = a.Reshaped({4});
  EXPECT_EQ(b.TypeString(), "u8[4]");
  EXPECT_EQ(b.raw(), a.raw());
}

TEST(TensorCastTest, FloatToIntegerRoundsHalfToEvenAndSaturates) {
  const Tensor t = Tensor::From<float>(
      {7}, {0.5f, 1.5f, -2.5f, 300.0f, -300.0f, std::nanf(""), 126.7f});
  EXPECT_EQ(Values<int8_t>(t.Cast(DType::kS8)),
            (std::vector<int8_t>{0, 2, -2, 127, -128, 0, 127}));
  EXPECT_EQ(Values<uint8_t>(t.Cast(DType::kU8)),
            (std::vector<uint8_t>{0, 2, 0, 255, 0, 0, 127}));
}

TEST(TensorCastTest, HugeFloatsSaturateS64) {
  const Tensor t = Tensor::From<double>({2}, {1e30, -1e30});
  EXPECT_EQ(Values<int64_t>(t.Cast(DType::kS64)),
            (std::vector<int64_t>{std::numeric_limits<int64_t>::max(),
                                  std::numeric_limits<int64_t>::min()}));
}

TEST(TensorCastTest, IntegersSaturateAndWiden) {
  const Tensor t = Tensor::From<int32_t>({3}, {-1, 100, 1000});
  EXPECT_EQ(Values<uint8_t>(t.Cast(DType::kU8)),
            (std::vector<uint8_t>{0, 100, 255}));
  EXPECT_EQ(Values<float>(t.Cast(DType::kF32)),
            (std::vector<float>{-1, 100, 1000}));
}

TEST(TensorCastTest, BoolIsNonzero) {
  const Tensor t = Tensor::From<float>({3}, {0, -0.5f, 2});
  const Tensor b = t.Cast(DType::kBool);
  EXPECT_EQ(Values<int32_t>(b.Cast(DType::kS32)),
            (std::vector<int32_t>{0, 1, 1}));
}

TEST(TensorCastTest, BFloat16RoundTripsExactValues) {
  const Tensor t = Tensor::From<float>({3}, {1, -0.25f, 96});
  EXPECT_TRUE(BitEqual(t.Cast(DType::kBF16).Cast(DType::kF32), t));
}

TEST(TensorCastTest, SameTypeIsACopy) {
  const Tensor t = Tensor::From<float>({1}, {1});
  EXPECT_NE(t.Cast(DType::kF32).raw(), t.raw());
}

TEST(BitEqualTest, ComparesTypeShapeAndBytes) {
  const Tensor zero = Tensor::From<float>({1}, {0.0f});
  const Tensor nan = Tensor::From<float>({1}, {std::nanf("")});
  EXPECT_TRUE(BitEqual(zero, zero.Clone()));
  EXPECT_TRUE(BitEqual(nan, nan.Clone()));
  EXPECT_FALSE(BitEqual(zero, Tensor::From<float>({1}, {-0.0f})));
  EXPECT_FALSE(BitEqual(zero, zero.Reshaped({1, 1})));
  EXPECT_FALSE(BitEqual(zero, Tensor::From<int32_t>({1}, {0})));
  EXPECT_TRUE(BitEqual(Tensor(), Tensor()));
}

TEST(TensorDeathTest, BrokenInvariantsAbort) {
  EXPECT_DEATH(Tensor(DType::kF32, {2, -1}), "negative extent in \\[2,-1\\]");
  EXPECT_DEATH(Tensor(DType::kF32, {int64_t{1} << 40, int64_t{1} << 40}),
               "too many elements");
  EXPECT_DEATH(Tensor(DType::kF32, {2}).Reshaped({3}),
               "cannot reshape f32\\[2\\] to \\[3\\]");
}

}  // namespace
}  // namespace assay
