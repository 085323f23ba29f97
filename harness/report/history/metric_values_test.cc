#include "harness/report/history/metric_values.h"

#include <map>
#include <string>

#include "gtest/gtest.h"
#include "harness/report/report.pb.h"
#include "harness/report/testing/sample_reports.h"

namespace assay {
namespace {

std::map<std::string, MetricValue> ByName(const Report& report) {
  std::map<std::string, MetricValue> values;
  for (const MetricValue& value : MetricValues(report)) {
    values[value.candidate + "/" + value.metric] = value;
  }
  return values;
}

TEST(MetricValuesTest, WhatAReportSays) {
  auto values = ByName(SampleReport());
  EXPECT_EQ(values["dense/test top1_accuracy f32"].value, 0.875);
  EXPECT_FALSE(values["dense/test top1_accuracy f32"].less_is_better);
  EXPECT_EQ(values["dense/latency p50 SINGLE_STREAM f32 batch 1"].value,
            120000);
  EXPECT_EQ(values["dense/latency p50 SINGLE_STREAM f32 batch 1"].unit, "ns");
  EXPECT_EQ(values.count("dense/latency p99 SINGLE_STREAM f32 batch 1"), 0u);
  EXPECT_EQ(values["sparsity>=0.9/non-zero parameters"].value, 6171);
  EXPECT_EQ(values["/seconds of the method"].value, 12.5);
}

TEST(MetricValuesTest, TheTunedDenseNetworkHasASeries) {
  Report report = SampleReport();
  CandidateRecord* tuned = report.mutable_tuned_dense()->mutable_network();
  tuned->set_name("dense, tuned");
  *tuned->add_quality() = report.dense().quality(0);
  tuned->mutable_quality(0)->set_value(0.9);
  EXPECT_EQ(ByName(report)["dense, tuned/test top1_accuracy f32"].value, 0.9);
}

TEST(MetricValuesTest, ANameStandsOnce) {
  Report report = SampleReport();
  LatencyRecord* again = report.mutable_dense()->add_latency();
  *again = report.dense().latency(0);
  again->mutable_percentiles(0)->set_estimate_ns(1);
  const auto once = MetricValues(SampleReport());
  EXPECT_EQ(MetricValues(report).size(), once.size());
  EXPECT_EQ(ByName(report)["dense/latency p50 SINGLE_STREAM f32 batch 1"].value,
            120000);
}

TEST(MetricValuesTest, AnotherBackendOrColdCachesAreSeriesOfTheirOwn) {
  Report report = SampleReport();
  LatencyRecord* cold = report.mutable_dense()->add_latency();
  *cold = report.dense().latency(0);
  cold->set_caches(LatencyRecord::COLD);
  cold->mutable_percentiles(0)->set_estimate_ns(150000);
  LatencyRecord* beside = report.mutable_dense()->add_latency();
  *beside = report.dense().latency(0);
  beside->set_backend("reference");
  beside->mutable_percentiles(0)->set_estimate_ns(9000000);
  auto values = ByName(report);
  const std::string own = "dense/latency p50 SINGLE_STREAM f32 batch 1";
  EXPECT_EQ(values[own].value, 120000);
  EXPECT_EQ(values[own + " cold"].value, 150000);
  EXPECT_EQ(values[own + " @reference"].value, 9000000);
}

TEST(MetricValuesTest, WhatHasNoValueGivesNoRow) {
  Report report = SampleReport();
  report.mutable_dense()->mutable_latency(0)->mutable_availability()->set_state(
      Availability::REFUSED);
  EXPECT_EQ(ByName(report).count("dense/throughput SINGLE_STREAM f32 batch 1"),
            0u);
  // The sample's meter is unavailable.
  for (const auto& [name, value] : ByName(report)) {
    EXPECT_EQ(name.find("energy"), std::string::npos) << name;
  }
  EXPECT_TRUE(MetricValues(SampleCrash()).empty());
}

}  // namespace
}  // namespace assay
