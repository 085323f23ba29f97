#include "harness/report/record/quality_record.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/random.h"
#include "harness/report/check.h"
#include "harness/report/testing/sample_reports.h"

namespace assay {
namespace {

using testing::HasSubstr;

QualityOptions Options() {
  QualityOptions options;
  options.split = "test";
  options.metric = "top1_accuracy";
  options.precision = "f32";
  options.unit = "fraction";
  options.items_sha256 = std::string(64, 'a');
  return options;
}

TEST(QualityRecordTest, AccuracyPerClassAndPerItem) {
  const std::vector<bool> correct = {true,  true, false, true, true,
                                     false, true, true,  true, true};
  const std::vector<int64_t> labels = {0, 0, 0, 0, 1, 1, 1, 1, 1, 1};
  const std::vector<std::string> names = {"circle", "square", "none"};
  const QualityRecord record =
      MakeAccuracyRecord(correct, labels, names, Options());
  EXPECT_EQ(record.value(), 0.8);
  EXPECT_LT(record.interval().low(), 0.8);
  EXPECT_EQ(record.interval().method(), "wilson");
  EXPECT_EQ(record.classes(0).value(), 0.75);
  EXPECT_EQ(record.classes(1).count(), 6u);
  EXPECT_EQ(record.classes(2).count(), 0u);
  // Wilson's of 3 of 4: 0.3006 to 0.9544 (statsmodels' proportion_confint).
  EXPECT_NEAR(record.classes(0).interval().low(), 0.3006, 5e-5);
  EXPECT_NEAR(record.classes(0).interval().high(), 0.9544, 5e-5);
  EXPECT_FALSE(record.classes(2).has_interval());
  EXPECT_EQ(*DecodeCorrect(record.items()), correct);
}

TEST(QualityRecordTest, NoItemsNoValue) {
  EXPECT_EQ(MakeAccuracyRecord({}, {}, {}, Options()).availability().reason(),
            "split test has no items");
}

TEST(QualityRecordTest, WeightedMean) {
  QualityOptions options = Options();
  options.direction = QualityRecord::LOWER_IS_BETTER;
  const QualityRecord record = MakeMeanRecord({2.0, 4.0}, {3.0, 1.0}, options);
  EXPECT_EQ(record.value(), 2.5);
  EXPECT_FALSE(record.has_interval());
  EXPECT_EQ(record.items().values().value_size(), 2);
}

TEST(QualityRecordTest, MeanHasABootstrapInterval) {
  RandomStream random(1, "quality_record_test");
  std::vector<double> scores;
  for (int i = 0; i < 400; ++i) scores.push_back(2.0 + random.Normal());
  const QualityRecord record = MakeMeanRecord(scores, {}, Options());
  EXPECT_NEAR(record.interval().high() - record.interval().low(), 2 * 1.96 / 20,
              0.04);
}

TEST(QualityRecordTest, TheSampleReportsFlips) {
  const Report report = SampleReport();
  const auto flips = CompareQuality(report.dense().quality(0),
                                    report.candidates(0).quality(0), 3);
  ASSERT_EQ(flips.status(), absl::OkStatus());
  EXPECT_EQ(flips->dense_right_candidate_wrong(), 2u);
  EXPECT_EQ(flips->dense_wrong_candidate_right(), 1u);
  EXPECT_EQ(flips->p_value(), 1.0);
  EXPECT_EQ(flips->difference(), -0.0625);
  EXPECT_EQ(flips->answers_changed(), 3u);
}

// 40 of 400 items change one way and 20 the other: the paired bootstrap is as
// wide as sqrt((60 / 400 - 0.05^2) / 400) = 0.0192 says.
TEST(QualityRecordTest, PairedBootstrapDrawsItems) {
  std::vector<bool> before(400, true), after(400, true);
  for (size_t i = 0; i < 40; ++i) before[10 * i] = false;
  for (size_t i = 0; i < 20; ++i) after[10 * i + 5] = false;
  const auto comparison =
      CompareQuality(MakeAccuracyRecord(before, {}, {}, Options()),
                     MakeAccuracyRecord(after, {}, {}, Options()), 60);
  ASSERT_TRUE(comparison.ok()) << comparison.status();
  const Interval& interval = comparison->bootstrap_interval();
  EXPECT_EQ(interval.method(), "paired_bootstrap");
  EXPECT_EQ(interval.block_length(), 1u);
  EXPECT_NEAR(interval.low(), 0.05 - 1.96 * 0.0192, 0.004);
  EXPECT_NEAR(interval.high(), 0.05 + 1.96 * 0.0192, 0.004);
}

TEST(QualityRecordTest, ScoresPairByWilcoxon) {
  const std::vector<double> dense = {1, 2, 3, 4, 5};
  const std::vector<double> candidate = {1.5, 3, 4.5, 6, 7.5};
  const auto result =
      CompareQuality(MakeMeanRecord(dense, {}, Options()),
                     MakeMeanRecord(candidate, {}, Options()), 0);
  ASSERT_EQ(result.status(), absl::OkStatus());
  EXPECT_EQ(result->test(), "wilcoxon_signed_rank");
  EXPECT_EQ(result->p_value(), 2.0 / 32);
}

TEST(QualityRecordTest, SaysWhyTwoRecordsDoNotPair) {
  const QualityRecord record = MakeAccuracyRecord({true}, {}, {}, Options());
  QualityRecord other = record;
  other.set_split("validation");
  EXPECT_EQ(CompareQuality(record, other, 0).status().message(),
            "not paired: splits \"test\" and \"validation\"");
  other = record;
  other.mutable_items()->set_items_sha256(std::string(64, 'b'));
  EXPECT_THAT(std::string(CompareQuality(record, other, 0).status().message()),
              HasSubstr("not paired: items"));
  other = record;
  other.mutable_items()->clear_correct();
  EXPECT_EQ(CompareQuality(record, other, 0).status().message(),
            "not paired: no scores per item");
}

TEST(QualityRecordTest, BitsMustFitTheCount) {
  ItemScores items;
  items.set_count(9);
  items.set_correct("a");
  EXPECT_EQ(DecodeCorrect(items).status().code(), absl::StatusCode::kDataLoss);
  items.set_count(0);
  EXPECT_EQ(DecodeCorrect(items).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace assay
