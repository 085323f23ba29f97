#include "harness/ops/support/rows.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

using testing::ElementsAre;

std::vector<int64_t> Starts(const Rows& rows) {
  std::vector<int64_t> starts;
  rows.ForEach([&](int64_t start) { starts.push_back(start); });
  return starts;
}

TEST(RowsTest, AMiddleAxisStridesOverTheInnerOnes) {
  const Rows rows({2, 3, 4}, 1);
  EXPECT_EQ(rows.length(), 3);
  EXPECT_EQ(rows.stride(), 4);
  EXPECT_EQ(rows.count(), 8);
  EXPECT_THAT(Starts(rows), ElementsAre(0, 1, 2, 3, 12, 13, 14, 15));
}

TEST(RowsTest, NegativeAxesCountFromTheBack) {
  const Rows rows({2, 3}, -1);
  EXPECT_EQ(rows.stride(), 1);
  EXPECT_THAT(Starts(rows), ElementsAre(0, 3));
}

}  // namespace
}  // namespace assay
