#include "harness/host/score/drift.h"

#include <limits>
#include <vector>

#include "gtest/gtest.h"

namespace assay {
namespace {

Tensor Logits(std::vector<float> values) {
  return Tensor::From<float>({3, 2}, values);
}

TEST(DriftTest, CountsDifferencesAndFlips) {
  const Tensor reference = Logits({1, 2, 4, 3, 0, -8});
  DriftRecord record;
  CompareLogits(reference, Logits({1.5, 2, 3, 3.5, 0, -8}), 3, &record);
  EXPECT_EQ(record.items(), 3u);
  EXPECT_EQ(record.logits(), 6u);
  EXPECT_EQ(record.max_difference(), 1.0);
  EXPECT_DOUBLE_EQ(record.mean_difference(), 2.0 / 6);
  EXPECT_EQ(record.largest_logit(), 8.0);
  EXPECT_EQ(record.answers_changed(), 1u);  // the second row
}

TEST(DriftTest, RowsBeyondThoseAskedDoNotCount) {
  const Tensor reference = Logits({1, 2, 4, 3, 0, -8});
  DriftRecord record;
  CompareLogits(reference, Logits({1, 2, 4, 3, 9, 9}), 2, &record);
  EXPECT_EQ(record.items(), 2u);
  EXPECT_EQ(record.max_difference(), 0.0);
  EXPECT_EQ(record.answers_changed(), 0u);
}

// Reports hold finite numbers.
TEST(DriftTest, ALogitThatIsNoNumberIsTheLargestDifference) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  const Tensor reference = Logits({1, 2, 4, 3, 0, -8});
  DriftRecord record;
  CompareLogits(reference, Logits({kNan, 2, kNan, 3, 0, -8}), 3, &record);
  EXPECT_EQ(record.max_difference(), std::numeric_limits<double>::max());
  EXPECT_EQ(record.mean_difference(), std::numeric_limits<double>::max());
  EXPECT_EQ(record.largest_logit(), 8.0);
}

}  // namespace
}  // namespace assay
