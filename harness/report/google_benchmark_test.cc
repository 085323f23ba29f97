#include "harness/report/google_benchmark.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/report/check.h"
#include "harness/report/testing/sample_reports.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

// As Google Benchmark 1.7 writes it, with --benchmark_repetitions=3.
constexpr char kFile[] = R"({
  "context": {
    "date": "2026-03-02T10:00:00+00:00",
    "host_name": "desk",
    "executable": "bazel-bin/x_benchmark",
    "num_cpus": 2,
    "mhz_per_cpu": 2600,
    "cpu_scaling_enabled": false,
    "caches": [{"type": "Data", "level": 1, "size": 32768, "num_sharing": 1}],
    "load_avg": [0.5, 0.4, 0.3],
    "library_build_type": "release"
  },
  "benchmarks": [
    {"name": "BM_Conv/64", "family_index": 0, "per_family_instance_index": 0,
     "run_name": "BM_Conv/64", "run_type": "iteration", "repetitions": 3,
     "repetition_index": 0, "threads": 1, "iterations": 1000,
     "real_time": 10.0, "cpu_time": 9.9, "time_unit": "us"},
    {"name": "BM_Conv/64", "run_name": "BM_Conv/64", "run_type": "iteration",
     "repetitions": 3, "repetition_index": 1, "threads": 1,
     "iterations": 1000, "real_time": 11.0, "cpu_time": 9.9,
     "time_unit": "us"},
    {"name": "BM_Conv/64", "run_name": "BM_Conv/64", "run_type": "iteration",
     "repetitions": 3, "repetition_index": 2, "threads": 1,
     "iterations": 1000, "real_time": 12.0, "cpu_time": 9.9,
     "time_unit": "us"},
    {"name": "BM_Conv/64_mean", "run_name": "BM_Conv/64",
     "run_type": "aggregate", "aggregate_name": "mean",
     "aggregate_unit": "time", "iterations": 3, "real_time": 11.0,
     "cpu_time": 9.9, "time_unit": "us"},
    {"name": "BM_Copy", "run_name": "BM_Copy", "run_type": "iteration",
     "iterations": 500, "real_time": 2.0, "cpu_time": 2.0, "time_unit": "ms",
     "items_per_second": 4000.0},
    {"name": "BM_Bad", "run_name": "BM_Bad", "run_type": "iteration",
     "error_occurred": true, "error_message": "no device", "iterations": 0,
     "real_time": 0.0, "cpu_time": 0.0, "time_unit": "ns"}
  ]
})";

TEST(GoogleBenchmarkTest, ReadsMeansOfRepetitions) {
  const auto records = ReadGoogleBenchmark(kFile);
  ASSERT_TRUE(records.ok()) << records.status();
  ASSERT_EQ(records->size(), 3u);
  const LatencyRecord& conv = (*records)[0];
  EXPECT_EQ(conv.variant(), "BM_Conv/64");
  EXPECT_EQ(conv.queries(), 3000u);
  EXPECT_NEAR(conv.mean_ns(), 11000.0, 1e-6);
  // 11 +/- t(0.975, 2) = 4.30265 times 1 / sqrt(3) us.
  EXPECT_NEAR(conv.mean_interval().low(), 11000 - 2484.14, 0.01);
  EXPECT_NEAR(conv.mean_interval().high(), 11000 + 2484.14, 0.01);
  ASSERT_EQ(conv.blocks_size(), 3);
  EXPECT_EQ(conv.blocks(2).first_query(), 2000u);
  EXPECT_NEAR(conv.blocks(2).mean_ns(), 12000.0, 1e-6);
  for (const PercentileRecord& percentile : conv.percentiles()) {
    EXPECT_EQ(percentile.availability().state(), Availability::REFUSED);
  }
  EXPECT_FALSE(HasValue(conv.kept().availability()));
  EXPECT_EQ((*records)[1].samples_per_second(), 4000.0);
  EXPECT_FALSE((*records)[1].has_mean_interval());
  EXPECT_EQ((*records)[2].availability().reason(),
            "the benchmark failed: no device");
}

TEST(GoogleBenchmarkTest, SaysWhatItDoesNotUnderstand) {
  const auto complaint = [](const char* json) {
    const absl::Status status = ReadGoogleBenchmark(json).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << json;
    return std::string(status.message());
  };
  EXPECT_THAT(complaint("rubbish"), HasSubstr("Google Benchmark JSON: "));
  EXPECT_THAT(complaint("{}"), HasSubstr("expected a list \"benchmarks\""));
  EXPECT_THAT(complaint(R"({"benchmarks": [{"iterations": 1}]})"),
              HasSubstr("benchmarks[0]: name: expected text"));
  EXPECT_THAT(complaint(R"({"benchmarks": [{"name": "a", "time_unit": "h"}]})"),
              HasSubstr("time_unit: expected ns, us, ms or s, got \"h\""));
  EXPECT_THAT(complaint(R"({"benchmarks": [{"name": "a", "time_unit": "ns",
                                    "real_time": "fast"}]})"),
              HasSubstr("real_time: expected a number of 0 or more"));
}

TEST(GoogleBenchmarkTest, WhatIsWrittenIsReadAgain) {
  const Report report = SampleReport();
  const std::string json = WriteGoogleBenchmark({report, SampleCrash()});
  EXPECT_THAT(json, HasSubstr("not measured, written as 0"));
  const auto records = ReadGoogleBenchmark(json);
  ASSERT_TRUE(records.ok()) << records.status() << json;
  std::vector<double> means;
  for (const LatencyRecord& latency : report.dense().latency()) {
    if (HasValue(latency.availability())) means.push_back(latency.mean_ns());
  }
  ASSERT_GE(records->size(), means.size());
  for (size_t i = 0; i < means.size(); ++i) {
    EXPECT_DOUBLE_EQ((*records)[i].mean_ns(), means[i]);
  }
  EXPECT_THAT((*records)[0].variant(), HasSubstr("/dense/SINGLE_STREAM/f32/1"));
}

TEST(GoogleBenchmarkTest, BlocksAreRepetitions) {
  Report report;
  report.mutable_identity()->set_task("t");
  report.mutable_identity()->set_method("m");
  CandidateRecord* dense = report.mutable_dense();
  dense->set_name("dense");
  LatencyRecord* latency = dense->add_latency();
  *latency = (*ReadGoogleBenchmark(kFile))[0];
  latency->set_precision("f32");
  const auto again = ReadGoogleBenchmark(WriteGoogleBenchmark({report}));
  ASSERT_TRUE(again.ok()) << again.status();
  ASSERT_EQ(again->size(), 1u);
  EXPECT_EQ((*again)[0].variant(), "t/m/dense/SINGLE_STREAM/f32/1");
  ASSERT_EQ((*again)[0].blocks_size(), 3);
  EXPECT_DOUBLE_EQ((*again)[0].blocks(1).mean_ns(), 11000.0);
  EXPECT_DOUBLE_EQ((*again)[0].mean_interval().low(),
                   latency->mean_interval().low());
}

}  // namespace
}  // namespace assay
