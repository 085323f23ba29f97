#include "harness/ops/random/random_uniform.h"

#include <algorithm>
#include <numeric>

#include "gtest/gtest.h"
#include "harness/core/random.h"
#include "harness/ops/testing/evaluate.h"

namespace assay {
namespace {

std::vector<double> Draw(int64_t step, int64_t key, int64_t count) {
  return ValuesOfOp("random_uniform", {Tensor::From<int64_t>({}, {step})},
                    {{"key", key}, {"shape", std::vector<int64_t>{count}}});
}

TEST(RandomUniformTest, ElementsAreWordsOfPhiloxBlocks) {
  const int64_t key = 0x0123456789abcdef, step = (int64_t{5} << 32) + 3;
  const std::vector<double> values = Draw(step, key, 7);
  // Element 6 is word 2 of block 1.
  const auto block = Philox4x32({1, 0, 3, 5}, {0x89abcdefu, 0x01234567u});
  EXPECT_EQ(values[6], static_cast<double>(block[2] >> 8) / (1 << 24));
}

TEST(RandomUniformTest, APrefixDoesNotDependOnTheShape) {
  const std::vector<double> few = Draw(1, 2, 5), many = Draw(1, 2, 100);
  EXPECT_TRUE(std::equal(few.begin(), few.end(), many.begin()));
}

TEST(RandomUniformTest, StepsAndKeysDiffer) {
  EXPECT_NE(Draw(1, 2, 8), Draw(2, 2, 8));
  EXPECT_NE(Draw(1, 2, 8), Draw(1, 3, 8));
}

TEST(RandomUniformTest, IsUniform) {
  const std::vector<double> values = Draw(0, 0, 1 << 16);
  EXPECT_GE(*std::min_element(values.begin(), values.end()), 0);
  EXPECT_LT(*std::max_element(values.begin(), values.end()), 1);
  const double count = static_cast<double>(values.size());
  const double mean =
      std::accumulate(values.begin(), values.end(), 0.0) / count;
  // Five standard deviations of the mean of a uniform variable.
  EXPECT_NEAR(mean, 0.5, 5 / std::sqrt(12 * count));
}

}  // namespace
}  // namespace assay
