#include "harness/report/record/latency_record.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/random.h"
#include "harness/report/check.h"
#include "harness/report/record/samples.h"

namespace assay {
namespace {

using testing::HasSubstr;

// One variant "a" whose queries took these times, in two blocks.
SessionTimings Session(const std::vector<int64_t>& latencies) {
  SessionTimings session;
  VariantTimings variant;
  variant.name = "a";
  variant.latency_ns = latencies;
  variant.samples = static_cast<int64_t>(latencies.size());
  for (int64_t ns : latencies) variant.busy_ns += ns;
  session.variants.push_back(variant);
  const int64_t half = variant.samples / 2;
  session.blocks = {{0, 0, half, 10, 20}, {0, half, half, 20, 30}};
  return session;
}

// base + 0..99 ns in random order.
std::vector<int64_t> Noisy(int64_t base, int n, absl::string_view name) {
  RandomStream random(9, name);
  std::vector<int64_t> latencies;
  for (int i = 0; i < n; ++i) {
    latencies.push_back(base + static_cast<int64_t>(random.Below(100)));
  }
  return latencies;
}

const PercentileRecord& At(const LatencyRecord& record, double fraction) {
  for (const PercentileRecord& p : record.percentiles()) {
    if (p.fraction() == fraction) return p;
  }
  ADD_FAILURE() << "no percentile " << fraction;
  return record.percentiles(0);
}

TEST(LatencyRecordTest, StatesWhatTheCountSupports) {
  const LatencyRecord record = MakeLatencyRecord(
      ScenarioSettings(), Session(Noisy(1000, 662, "a")), 0, LatencyOptions());
  EXPECT_EQ(record.queries(), 662u);
  EXPECT_EQ(At(record, 0.99).availability().state(), Availability::MEASURED);
  EXPECT_EQ(At(record, 0.99).rank(), 661u);
  EXPECT_GE(At(record, 0.9).bound_ns(), At(record, 0.9).estimate_ns());
  EXPECT_EQ(At(record, 0.999).availability().state(), Availability::REFUSED);
  EXPECT_EQ(At(record, 0.999).availability().reason(),
            "p99.9 needs 6636 queries, got 662");
}

TEST(LatencyRecordTest, P99IsRefusedBelow662Queries) {
  const LatencyRecord record = MakeLatencyRecord(
      ScenarioSettings(), Session(Noisy(1000, 661, "a")), 0, LatencyOptions());
  EXPECT_EQ(At(record, 0.99).availability().reason(),
            "p99 needs 662 queries, got 661");
  EXPECT_EQ(At(record, 0.97).availability().state(), Availability::MEASURED);
}

TEST(LatencyRecordTest, BurstsCountLess) {
  // 20 slow queries of 1,000, all in one burst.
  std::vector<double> latencies(1000, 100.0);
  for (size_t i = 400; i < 420; ++i) latencies[i] = 900.0;
  const PercentileRecord burst = MakePercentile(latencies, 0.97, 0.99);
  EXPECT_EQ(burst.availability().state(), Availability::REFUSED);
  EXPECT_THAT(burst.availability().reason(), HasSubstr("bursts"));
  // The same ones spread out.
  std::vector<double> spread(1000, 100.0);
  for (size_t i = 0; i < 20; ++i) spread[i * 50 + i * i % 17] = 900.0;
  EXPECT_EQ(MakePercentile(spread, 0.97, 0.99).availability().state(),
            Availability::MEASURED);
}

TEST(LatencyRecordTest, MeansAndThroughputAgree) {
  ScenarioSettings settings;
  settings.samples_per_query = 1;
  const LatencyRecord record = MakeLatencyRecord(
      settings, Session(Noisy(1000, 1000, "a")), 0, LatencyOptions());
  EXPECT_NEAR(record.mean_ns(), 1049.5, 3);
  EXPECT_NEAR(record.samples_per_second(), 1e9 / record.mean_ns(), 1e-3);
  EXPECT_LT(record.mean_interval().low(), record.mean_ns());
  EXPECT_GT(record.mean_interval().high(), record.mean_ns());
  EXPECT_LT(record.samples_per_second_interval().low(),
            record.samples_per_second());
  EXPECT_NEAR(record.effective_sample_size(), 1000, 1);
}

TEST(LatencyRecordTest, DriftIsSeen) {
  std::vector<int64_t> rising = Noisy(1000, 1000, "a");
  for (size_t i = 0; i < rising.size(); ++i) {
    rising[i] += static_cast<int64_t>(i) / 10;
  }
  const LatencyRecord drift = MakeLatencyRecord(
      ScenarioSettings(), Session(rising), 0, LatencyOptions());
  EXPECT_NEAR(drift.relative_drift(), 0.09, 0.01);
  EXPECT_LT(drift.drift_p_value(), 1e-6);
  const LatencyRecord steady = MakeLatencyRecord(
      ScenarioSettings(), Session(Noisy(1000, 1000, "b")), 0, LatencyOptions());
  EXPECT_GT(steady.drift_p_value(), 0.01);
}

TEST(LatencyRecordTest, KeepsSamplesAndBlocks) {
  const LatencyRecord record = MakeLatencyRecord(
      ScenarioSettings(), Session({5, 7, 6, 8}), 0, LatencyOptions());
  EXPECT_EQ(*DecodeSamples(record.kept()), (std::vector<double>{5, 7, 6, 8}));
  ASSERT_EQ(record.blocks_size(), 2);
  EXPECT_EQ(record.blocks(1).first_query(), 2u);
  EXPECT_EQ(record.blocks(1).variant(), "a");
  EXPECT_EQ(record.blocks(0).mean_ns(), 6.0);
  EXPECT_EQ(record.blocks(1).mean_ns(), 7.0);
  EXPECT_FALSE(record.has_mean_interval());  // four values are too few
}

TEST(LatencyRecordTest, ServerStatesItsBound) {
  ScenarioSettings settings;
  settings.scenario = Scenario::kServer;
  SessionTimings session = Session(Noisy(1000, 700, "a"));
  session.target_qps = 100;
  LatencyOptions options;
  options.latency_bound_ns = 2000;
  const LatencyRecord record = MakeLatencyRecord(settings, session, 0, options);
  EXPECT_TRUE(record.bound_met());
  EXPECT_EQ(record.asked_qps(), 100);
  options.latency_bound_ns = 1050;
  EXPECT_FALSE(
      MakeLatencyRecord(settings, Session(Noisy(1000, 700, "a")), 0, options)
          .bound_met());
}

TEST(LatencyRecordTest, NoQueryNoNumbers) {
  const LatencyRecord record =
      MakeLatencyRecord(ScenarioSettings(), Session({}), 0, LatencyOptions());
  EXPECT_EQ(record.availability().state(), Availability::UNAVAILABLE);
}

TEST(LatencyRecordTest, GainIsMeasuredOverPredicted) {
  SessionTimings session = Session(Noisy(2000, 400, "a"));
  session.variants.push_back(Session(Noisy(1000, 400, "b")).variants[0]);
  session.variants[1].name = "b";
  CostRecord dense, candidate;
  dense.set_macs(4000);
  dense.set_bytes_on_disk(300);
  candidate.set_macs(1000);
  candidate.set_bytes_on_disk(100);
  const GainRecord gain = MakeGainRecord(ScenarioSettings(), session, 0, 1,
                                         dense, candidate, LatencyOptions());
  EXPECT_NEAR(gain.measured_speedup(), 1.953, 0.02);  // 2050 / 1050
  EXPECT_LT(gain.measured_interval().low(), gain.measured_speedup());
  EXPECT_GT(gain.measured_interval().high(), gain.measured_speedup());
  EXPECT_EQ(gain.predicted_speedup(), 4.0);
  EXPECT_NEAR(gain.realised_gain(), gain.measured_speedup() / 4, 1e-12);
  EXPECT_EQ(gain.size_ratio(), 3.0);
  candidate.set_macs(0);
  EXPECT_EQ(MakeGainRecord(ScenarioSettings(), session, 0, 1, dense, candidate,
                           LatencyOptions())
                .availability()
                .state(),
            Availability::NOT_APPLICABLE);
}

}  // namespace
}  // namespace assay
