#include "harness/report/formats/figures.h"

#include "gtest/gtest.h"
#include "harness/report/check.h"
#include "harness/report/testing/sample_reports.h"

namespace assay {
namespace {

TEST(FiguresTest, ThreeDigitsInTheRightUnit) {
  EXPECT_EQ(HumanNs(850), "850 ns");
  EXPECT_EQ(HumanNs(12345), "12.3 us");
  EXPECT_EQ(HumanNs(999999), "1.00 ms");
  EXPECT_EQ(HumanNs(1234567), "1.23 ms");
  EXPECT_EQ(HumanNs(2.5e9), "2.50 s");
  EXPECT_EQ(HumanNs(0), "0.00 ns");
  EXPECT_EQ(HumanCount(850), "850");
  EXPECT_EQ(HumanCount(61706), "61.7 k");
  EXPECT_EQ(HumanCount(41.2e6), "41.2 M");
  EXPECT_EQ(HumanSize(980), "980 B");
  EXPECT_EQ(HumanSize(12595), "12.3 KiB");
  EXPECT_EQ(HumanJoules(0.0123), "12.3 mJ");
  EXPECT_EQ(HumanJoules(1200), "1.20 kJ");
  EXPECT_EQ(HumanSeconds(12.5), "12.5 s");
  EXPECT_EQ(HumanSeconds(200), "3 min 20 s");
  EXPECT_EQ(HumanFactor(1.2), "1.20x");
  EXPECT_EQ(HumanPValue(0.0312), "0.031");
  EXPECT_EQ(HumanPValue(1e-9), "<0.001");
}

TEST(FiguresTest, Quality) {
  EXPECT_EQ(QualityText(0.875, "fraction"), "87.50 %");
  EXPECT_EQ(QualityText(2.31449, "bits"), "2.314");
  EXPECT_EQ(QualityText(SampleReport().dense().quality(0)),
            "87.50 % (64.00-96.50)");
  EXPECT_EQ(DifferenceText(-0.0625, "fraction"), "-6.25 pp");
  EXPECT_EQ(DifferenceText(0.012, "bits"), "+0.012");
  QualityRecord missing;
  *missing.mutable_availability() =
      MakeAvailability(Availability::UNAVAILABLE, "why");
  EXPECT_EQ(QualityText(missing), "UNAVAILABLE");
}

TEST(FiguresTest, TheGainInTheSamePrecisionComesFirst) {
  Report report = SampleReport();
  CandidateRecord& candidate = *report.mutable_candidates(0);
  const LatencyRecord& timing = candidate.latency(0);
  candidate.mutable_gains(0)->set_against_precision("bf16");
  EXPECT_EQ(FindGain(candidate, timing), &candidate.gains(0));
  GainRecord* same = candidate.add_gains();
  *same = candidate.gains(0);
  same->set_against_precision("f32");
  EXPECT_EQ(FindGain(candidate, timing), same);
  EXPECT_EQ(FindGain(report.dense(), timing), nullptr);
}

TEST(FiguresTest, PercentilesShowBoundsAndRefusals) {
  const Report report = SampleReport();
  const LatencyRecord& latency = report.dense().latency(0);
  EXPECT_EQ(PercentileText(*FindPercentile(latency, 0.5)), "120 us");
  EXPECT_EQ(PercentileText(*FindPercentile(latency, 0.9)), "<=158 us");
  EXPECT_EQ(PercentileText(*FindPercentile(latency, 0.99)), "refused");
  EXPECT_EQ(FindPercentile(latency, 0.8), nullptr);
  EXPECT_EQ(AvailabilityText(FindPercentile(latency, 0.99)->availability()),
            "REFUSED: p99 needs 662 queries, got 100");
}

TEST(FiguresTest, TunedPlansSayHowAndWhat) {
  TuningRecord record;
  record.set_mode("quick");
  KeyValue* row = record.add_choices();
  row->set_key("threads");
  row->set_value("1");
  EXPECT_EQ(TuningText(record), "tuned (quick): threads=1");
  record.set_comparisons(9);
  record.set_seconds(1.5);
  EXPECT_EQ(TuningText(record),
            "tuned (quick, 9 comparisons in 1.50 s): threads=1");
  record.set_cached(true);
  record.add_unmeasured("fuse=off");
  EXPECT_EQ(TuningText(record),
            "tuned (quick, 9 comparisons in 1.50 s of an earlier run): "
            "threads=1; no time for 1 more values");
}

}  // namespace
}  // namespace assay
