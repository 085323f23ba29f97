#include "harness/ops/quantize/group.h"

#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/ops/testing/evaluate.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using testing::ElementsAre;

// Bytes of `pairs`, earlier half-byte first.
std::vector<uint8_t> Bytes(std::vector<std::pair<int, int>> pairs) {
  std::vector<uint8_t> bytes;
  for (const auto& [low, high] : pairs) {
    bytes.push_back(static_cast<uint8_t>(low | high << 4));
  }
  return bytes;
}

// Two rows of 18 columns: a group of sixteen and one of two.
Tensor Weights() {
  std::vector<uint8_t> bytes;
  for (int o = 0; o < 2; ++o) {
    for (int i = 0; i < 16; i += 2) {
      bytes.push_back(Bytes({{i, i + 1}})[0]);
    }
    const std::vector<uint8_t> last = Bytes(
        {{15, 0}, {9, 9}, {9, 9}, {9, 9}, {9, 9}, {9, 9}, {9, 9}, {9, 9}});
    bytes.insert(bytes.end(), last.begin(), last.end());
  }
  return U8({2, 2, 8}, std::move(bytes));
}

TEST(DequantizeU4Test, GroupsHaveTheirOwnScaleAndTheMiddleIsZero) {
  const std::vector<double> values =
      ValuesOfOp("dequantize_u4", {Weights(), F32({2, 2}, {1, 0.5f, 2, -1})},
                 {{"inputs", int64_t{18}}});
  ASSERT_EQ(values.size(), 36u);
  for (int i = 0; i < 16; ++i) {
    EXPECT_EQ(values[static_cast<size_t>(i)], i - 8);
    EXPECT_EQ(values[static_cast<size_t>(18 + i)], 2 * (i - 8));
  }
  EXPECT_THAT(std::vector<double>(values.begin() + 16, values.begin() + 18),
              ElementsAre(3.5, -4));
  EXPECT_THAT(std::vector<double>(values.begin() + 34, values.end()),
              ElementsAre(-7, 8));
}

TEST(DequantizeU4Test, ZeroPointsLieTwoToAByte) {
  const std::vector<double> values =
      ValuesOfOp("dequantize_u4",
                 {Weights(), F32({2, 2}, {1, 1, 1, 1}),
                  U8({2, 1}, Bytes({{0, 15}, {3, 1}}))},
                 {{"inputs", int64_t{18}}});
  EXPECT_EQ(values[5], 5);
  EXPECT_EQ(values[16], 0);
  EXPECT_EQ(values[18 + 5], 2);
  EXPECT_EQ(values[18 + 16], 14);
}

TEST(LinearU4Test, IsTheLayerOfWhatDequantizeGives) {
  std::vector<float> x;
  for (int i = 0; i < 18; ++i) x.push_back(static_cast<float>(i % 5 - 2));
  const std::vector<Tensor> grid = {Weights(), F32({2, 2}, {1, 0.5f, 2, -1}),
                                    U8({2, 1}, Bytes({{7, 9}, {8, 8}}))};
  ASSERT_OK_AND_ASSIGN(
      const std::vector<Tensor> wide,
      EvaluateOp("dequantize_u4", grid, {{"inputs", int64_t{18}}}));
  const Tensor src = F32({1, 18}, x), bias = F32({2}, {1, 2});
  EXPECT_EQ(ValuesOfOp("linear_u4", {src, grid[0], grid[1], grid[2], bias}),
            ValuesOfOp("linear", {src, wide[0], bias}));
}

}  // namespace
}  // namespace assay
