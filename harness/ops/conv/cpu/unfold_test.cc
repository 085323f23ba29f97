#include "harness/ops/conv/cpu/unfold.h"

#include <vector>

#include "gtest/gtest.h"

namespace assay::cpu {
namespace {

TEST(UnfoldTest, LaysOutWindowsAndPadsThem) {
  std::vector<uint8_t> src = {1, 2, 3, 4, 5, 6};  // two rows of three
  std::vector<uint8_t> dst(2 * 2 * 3);
  // Windows of three columns, two apart, from one column before the row.
  const auto kernel = MakeUnfold({2, 3, 2, 3, 2, 1}, 9, 0, 1, 1);
  void* slots[] = {src.data(), dst.data()};
  ASSERT_TRUE(kernel->Run(slots).ok());
  EXPECT_EQ(dst, std::vector<uint8_t>({9, 1, 2, 2, 3, 9, 9, 4, 5, 5, 6, 9}));
}

}  // namespace
}  // namespace assay::cpu
