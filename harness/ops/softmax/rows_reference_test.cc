#include "harness/ops/softmax/rows_reference.h"

#include "gtest/gtest.h"

namespace assay {
namespace {

TEST(RowsReferenceTest, TheSumIsTakenBelowTheMaximum) {
  const float row[] = {1e30f, 7, 1e30f, 7};
  const LogSum whole = LogSumOf(row, 4, 1);
  EXPECT_EQ(whole.maximum, static_cast<double>(1e30f));
  EXPECT_EQ(whole.log_sum, std::log(2.0));
  const LogSum strided = LogSumOf(row + 1, 2, 2);
  EXPECT_EQ(strided.maximum, 7);
  EXPECT_EQ(strided.log_sum, std::log(2.0));
}

}  // namespace
}  // namespace assay
