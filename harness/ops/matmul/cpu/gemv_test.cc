#include "harness/ops/matmul/cpu/gemv.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "harness/core/random.h"

namespace assay::cpu {
namespace {

template <typename T>
std::vector<float> Multiply(DType dtype, const std::vector<T>& matrix,
                            int64_t rows, const std::vector<float>& x,
                            int64_t begin, int64_t end) {
  const auto columns = static_cast<int64_t>(x.size());
  std::vector<char> packed(
      static_cast<size_t>(GemvBlocks(rows) * GemvBlockBytes(dtype, columns)));
  PackGemv(dtype, matrix.data(), rows, columns, packed.data());
  std::vector<char> space(static_cast<size_t>(GemvSpaceBytes(dtype, columns)));
  std::vector<float> out(static_cast<size_t>(GemvBlocks(rows) * kGemvRows), -1);
  Gemv(dtype, packed.data(), columns,
       PrepareGemv(dtype, x.data(), columns, space.data()), begin, end,
       out.data());
  return out;
}

// Rows and columns that fill blocks, words and vectors, and that do not.
template <typename T>
void ExpectTheProduct(DType dtype, double bound_of_step) {
  for (const auto& [rows, columns] :
       {std::pair<int64_t, int64_t>{16, 16}, {7, 1}, {70, 51}, {130, 768}}) {
    RandomStream random(4, "matrix");
    std::vector<T> matrix(static_cast<size_t>(rows * columns));
    for (T& w : matrix) {
      w = static_cast<T>(static_cast<float>(random.Below(255)) - 127);
    }
    std::vector<float> x(static_cast<size_t>(columns));
    random.FillUniform(absl::MakeSpan(x), -1, 1);
    const std::vector<float> got =
        Multiply(dtype, matrix, rows, x, 0, GemvBlocks(rows));
    for (int64_t r = 0; r < rows; ++r) {
      double sum = 0, magnitudes = 0;
      for (int64_t i = 0; i < columns; ++i) {
        const auto w = static_cast<double>(
            static_cast<float>(matrix[static_cast<size_t>(r * columns + i)]));
        sum += w * static_cast<double>(x[static_cast<size_t>(i)]);
        magnitudes += std::abs(w);
      }
      EXPECT_NEAR(got[static_cast<size_t>(r)], sum, magnitudes * bound_of_step)
          << rows << "x" << columns << ", row " << r;
    }
    // Blocks do not depend on their neighbours.
    const int64_t half = GemvBlocks(rows) / 2;
    const std::vector<float> part =
        Multiply(dtype, matrix, rows, x, half, GemvBlocks(rows));
    EXPECT_TRUE(std::equal(part.begin() + half * kGemvRows, part.end(),
                           got.begin() + half * kGemvRows));
  }
}

TEST(GemvTest, GivesTheProduct) {
  ExpectTheProduct<float>(DType::kF32, 1e-6);
  ExpectTheProduct<BFloat16>(DType::kBF16, 1e-6);
  // x is of 16 bits at least: half a step for each weight.
  ExpectTheProduct<int8_t>(DType::kS8, 0.51 / 32512);
}

TEST(GemvTest, ZerosGiveZeros) {
  const std::vector<int8_t> matrix(16 * 20, 3);
  EXPECT_EQ(Multiply(DType::kS8, matrix, 16, std::vector<float>(20), 0, 1),
            std::vector<float>(16));
}

}  // namespace
}  // namespace assay::cpu
