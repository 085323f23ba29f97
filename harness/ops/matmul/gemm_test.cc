#include "harness/ops/matmul/gemm.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

TEST(GemmTest, ViewsMayBeTransposed) {
  // [[1, 2, 3], [4, 5, 6]] times the transpose of [[1, 0, 1], [0, 2, 0]].
  const int a[] = {1, 2, 3, 4, 5, 6}, b[] = {1, 0, 1, 0, 2, 0};
  std::vector<int64_t> sums;
  Gemm<int64_t, int>({a, 3, 1}, {b, 1, 3}, 2, 2, 3,
                     [&](int64_t row, const int64_t* of_row) {
                       EXPECT_EQ(row, static_cast<int64_t>(sums.size()) / 2);
                       sums.insert(sums.end(), of_row, of_row + 2);
                     });
  EXPECT_THAT(sums, testing::ElementsAre(4, 4, 10, 10));
}

}  // namespace
}  // namespace assay
