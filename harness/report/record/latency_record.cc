#include "harness/report/record/latency_record.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/core/descriptive.h"
#include "harness/report/check.h"
#include "harness/report/record/samples.h"
#include "harness/report/statistics/autocorrelation.h"
#include "harness/report/statistics/bootstrap.h"
#include "harness/report/statistics/quantile_bound.h"
#include "harness/report/statistics/rank_tests.h"

namespace assay {
namespace {

// Resampling a long series is slow and no better than resampling its batches.
constexpr size_t kMostBatches = 2048;
constexpr size_t kTrendBatches = 256;
constexpr size_t kFewestForInterval = 8;

std::vector<double> ToDouble(const std::vector<int64_t>& values) {
  return std::vector<double>(values.begin(), values.end());
}

// The series as at most `most` values, each the statistic of neighbours.
std::vector<double> Condense(const std::vector<double>& series, size_t most,
                             Statistic statistic) {
  const size_t batch = (series.size() + most - 1) / most;
  if (batch <= 1) return series;
  std::vector<double> batches;
  // A last batch that is not full would weigh too much; it is left out.
  for (size_t i = 0; i + batch <= series.size(); i += batch) {
    batches.push_back(statistic(absl::MakeSpan(&series[i], batch)));
  }
  return batches;
}

void SetInterval(const Bounds& bounds, const BootstrapOptions& options,
                 int64_t block_length, Interval* interval) {
  interval->set_low(bounds.low);
  interval->set_high(bounds.high);
  interval->set_confidence(options.confidence);
  interval->set_method("block_bootstrap");
  interval->set_resamples(static_cast<uint64_t>(options.resamples));
  interval->set_block_length(static_cast<uint64_t>(block_length));
  interval->set_seed(options.seed);
}

LatencyRecord::Caches CachesOf(const ScenarioSettings& settings) {
  return settings.evict ? LatencyRecord::COLD : LatencyRecord::HOT;
}

void SetSettings(const ScenarioSettings& settings,
                 const SessionTimings& session, const VariantTimings& timings,
                 const LatencyOptions& options, LatencySettings* record) {
  record->set_seed(settings.seed);
  record->set_warm_up_queries(static_cast<uint64_t>(timings.warm_up_queries));
  record->set_warm_up_seconds(static_cast<double>(timings.warm_up_ns) * 1e-9);
  record->set_warm_up_steady(timings.warm_up_steady);
  record->set_warm_up_tolerance(settings.warm_up_tolerance);
  record->set_min_queries(static_cast<uint64_t>(settings.min_queries));
  record->set_min_seconds(settings.min_seconds);
  record->set_samples_per_query(
      static_cast<uint32_t>(session.samples_per_query));
  record->set_blocks_per_variant(static_cast<uint32_t>(2 * settings.rounds));
  record->set_target_qps(session.target_qps);
  record->set_evicted_bytes(static_cast<uint64_t>(options.evicted_bytes));
  record->set_timer_resolution_ns(options.timer.resolution_ns);
  record->set_timer_cost_ns(options.timer.cost_ns);
}

double MeanOfBlock(const SessionTimings& session, const BlockTiming& block) {
  const std::vector<int64_t>& all = session.variants[block.variant].latency_ns;
  double sum = 0.0;
  for (int64_t q = 0; q < block.queries; ++q) {
    sum += static_cast<double>(all[static_cast<size_t>(block.first_query + q)]);
  }
  return block.queries > 0 ? sum / static_cast<double>(block.queries) : 0.0;
}

void SetBlocks(const SessionTimings& session, size_t variant,
               LatencyRecord* record) {
  for (const BlockTiming& timing : session.blocks) {
    BlockRecord* block = record->add_blocks();
    block->set_variant(session.variants[timing.variant].name);
    block->set_first_query(static_cast<uint64_t>(timing.first_query));
    block->set_queries(static_cast<uint64_t>(timing.queries));
    block->set_start_ns(static_cast<uint64_t>(timing.start_ns));
    block->set_end_ns(static_cast<uint64_t>(timing.end_ns));
    if (timing.variant == variant) {
      block->set_mean_ns(MeanOfBlock(session, timing));
    }
  }
}

// Straight-line fit of batch medians over time, first to last, against the
// median.
void SetDrift(const std::vector<double>& latencies, LatencyRecord* record) {
  const std::vector<double> batches =
      Condense(latencies, kTrendBatches, Median);
  if (batches.size() < kFewestForInterval) {
    record->set_drift_p_value(1.0);
    return;
  }
  std::vector<double> time(batches.size());
  for (size_t i = 0; i < time.size(); ++i) time[i] = static_cast<double>(i);
  const double mid = Mean(time), mean = Mean(batches);
  double cross = 0.0, square = 0.0;
  for (size_t i = 0; i < time.size(); ++i) {
    cross += (time[i] - mid) * (batches[i] - mean);
    square += (time[i] - mid) * (time[i] - mid);
  }
  const double median = Median(batches);
  if (median > 0.0) {
    record->set_relative_drift(cross / square * time.back() / median);
  }
  record->set_drift_p_value(KendallTauB(time, batches).p_value);
}

// Mean latency, and throughput from it: both have the same resamples.
void SetMeans(const std::vector<double>& latencies, double per_query,
              const BootstrapOptions& options, bool back_to_back,
              LatencyRecord* record) {
  record->set_mean_ns(Mean(latencies));
  const std::vector<double> batches = Condense(latencies, kMostBatches, Mean);
  if (batches.size() < kFewestForInterval) return;
  const int64_t block = BlockLength(batches);
  const Bounds bounds = BootstrapInterval(batches, Mean, options);
  SetInterval(bounds, options, block, record->mutable_mean_interval());
  if (!back_to_back || bounds.low <= 0.0) return;
  SetInterval({per_query * 1e9 / bounds.high, per_query * 1e9 / bounds.low},
              options, block, record->mutable_samples_per_second_interval());
}

void SetServer(const SessionTimings& session, const VariantTimings& timings,
               const LatencyOptions& options, LatencyRecord* record) {
  record->set_asked_qps(session.target_qps);
  if (timings.busy_ns > 0) {
    record->set_reached_qps(static_cast<double>(timings.latency_ns.size()) *
                            1e9 / static_cast<double>(timings.busy_ns));
  }
  record->set_latency_bound_ns(static_cast<uint64_t>(options.latency_bound_ns));
  const PercentileRecord p99 = MakePercentile(
      ToDouble(timings.latency_ns), 0.99, options.percentile_confidence);
  record->set_bound_met(
      options.latency_bound_ns > 0 && HasValue(p99.availability()) &&
      p99.bound_ns() <= static_cast<double>(options.latency_bound_ns));
}

std::string PercentName(double fraction) {
  return absl::StrFormat("p%g", 100.0 * fraction);
}

}  // namespace

LatencyRecord::Scenario ScenarioOf(Scenario scenario) {
  switch (scenario) {
    case Scenario::kSingleStream:
      return LatencyRecord::SINGLE_STREAM;
    case Scenario::kMultiStream:
      return LatencyRecord::MULTI_STREAM;
    case Scenario::kOffline:
      return LatencyRecord::OFFLINE;
    case Scenario::kPrefill:
      return LatencyRecord::PREFILL;
    case Scenario::kDecode:
      return LatencyRecord::DECODE;
    case Scenario::kServer:
      return LatencyRecord::SERVER;
  }
  return LatencyRecord::SCENARIO_UNSPECIFIED;
}

PercentileRecord MakePercentile(absl::Span<const double> in_order,
                                double fraction, double confidence) {
  PercentileRecord record;
  const int64_t n = static_cast<int64_t>(in_order.size());
  const int64_t needed = QuantileBoundCount(fraction, confidence);
  record.set_fraction(fraction);
  record.set_confidence(confidence);
  record.set_count(in_order.size());
  record.set_needed(static_cast<uint64_t>(needed));
  if (in_order.empty()) {
    *record.mutable_availability() =
        MakeAvailability(Availability::UNAVAILABLE, "no query was answered");
    return record;
  }
  const std::vector<double> sorted = Sorted(in_order);
  const double estimate = SortedQuantile(sorted, fraction);
  record.set_estimate_ns(estimate);
  std::vector<double> slow(in_order.size());
  for (size_t i = 0; i < slow.size(); ++i) {
    slow[i] = in_order[i] > estimate ? 1.0 : 0.0;
  }
  const double effective = EffectiveSampleSize(slow);
  record.set_effective_count(effective);
  const auto rank =
      QuantileBoundRank(static_cast<int64_t>(effective), fraction, confidence);
  if (!rank.has_value()) {
    std::string reason = absl::StrCat(PercentName(fraction), " needs ", needed,
                                      " queries, got ", n);
    if (n >= needed) {
      absl::StrAppend(&reason, " that come in bursts and tell as much as ",
                      static_cast<int64_t>(effective), " independent ones");
    }
    *record.mutable_availability() =
        MakeAvailability(Availability::REFUSED, reason);
    return record;
  }
  // The same quantile of the sample as among that many independent values.
  const double position = static_cast<double>(*rank) / std::floor(effective);
  const int64_t scaled = std::clamp<int64_t>(
      static_cast<int64_t>(std::ceil(position * static_cast<double>(n))), 1, n);
  record.set_rank(static_cast<uint64_t>(scaled));
  record.set_bound_ns(sorted[static_cast<size_t>(scaled - 1)]);
  *record.mutable_availability() = MakeAvailability(Availability::MEASURED);
  return record;
}

LatencyRecord MakeLatencyRecord(const ScenarioSettings& settings,
                                const SessionTimings& session, size_t variant,
                                const LatencyOptions& options) {
  const VariantTimings& timings = session.variants[variant];
  LatencyRecord record;
  record.set_scenario(ScenarioOf(settings.scenario));
  record.set_precision(options.precision);
  record.set_batch(options.batch);
  record.set_threads(options.threads);
  record.set_backend(options.backend);
  record.set_caches(CachesOf(settings));
  SetSettings(settings, session, timings, options, record.mutable_settings());
  record.set_variant(timings.name);
  SetBlocks(session, variant, &record);
  *record.mutable_kept() = EncodeSamples(timings.latency_ns, options.max_kept);
  if (timings.latency_ns.empty()) {
    *record.mutable_availability() =
        MakeAvailability(Availability::UNAVAILABLE, "no query was answered");
    return record;
  }
  *record.mutable_availability() = MakeAvailability(Availability::MEASURED);

  const std::vector<double> latencies = ToDouble(timings.latency_ns);
  record.set_queries(latencies.size());
  record.set_samples(static_cast<uint64_t>(timings.samples));
  record.set_seconds(static_cast<double>(timings.busy_ns) * 1e-9);
  if (timings.busy_ns > 0) {
    record.set_samples_per_second(static_cast<double>(timings.samples) * 1e9 /
                                  static_cast<double>(timings.busy_ns));
  }
  record.set_min_ns(*std::min_element(latencies.begin(), latencies.end()));
  record.set_max_ns(*std::max_element(latencies.begin(), latencies.end()));
  record.set_stddev_ns(StandardDeviation(latencies));
  BootstrapOptions bootstrap;
  bootstrap.seed = settings.seed;
  bootstrap.confidence = options.interval_confidence;
  SetMeans(latencies, static_cast<double>(session.samples_per_query), bootstrap,
           settings.scenario != Scenario::kServer, &record);
  for (double fraction : options.percentiles) {
    *record.add_percentiles() =
        MakePercentile(latencies, fraction, options.percentile_confidence);
  }
  record.set_effective_sample_size(EffectiveSampleSize(latencies));
  record.set_lag1_autocorrelation(Autocorrelation(latencies, 1));
  SetDrift(latencies, &record);
  if (settings.scenario == Scenario::kServer) {
    SetServer(session, timings, options, &record);
  }
  return record;
}

SpeedRatio MedianSpeedRatio(const SessionTimings& session, size_t slow,
                            size_t fast, uint64_t seed, double confidence) {
  const std::vector<double> above = ToDouble(session.variants[slow].latency_ns);
  const std::vector<double> below = ToDouble(session.variants[fast].latency_ns);
  BootstrapOptions bootstrap;
  bootstrap.seed = seed;
  bootstrap.confidence = confidence;
  const std::vector<double> fewer = Condense(below, kMostBatches, Median);
  SpeedRatio ratio;
  ratio.speedup = Median(above) / Median(below);
  SetInterval(BootstrapRatio(fewer, Condense(above, kMostBatches, Median),
                             Median, bootstrap)
                  .bounds,
              bootstrap, BlockLength(fewer), &ratio.interval);
  return ratio;
}

GainRecord MakeGainRecord(const ScenarioSettings& settings,
                          const SessionTimings& session, size_t dense,
                          size_t candidate, const CostRecord& dense_cost,
                          const CostRecord& candidate_cost,
                          const LatencyOptions& options) {
  GainRecord record;
  record.set_scenario(ScenarioName(settings.scenario));
  record.set_precision(options.precision);
  record.set_batch(options.batch);
  record.set_backend(options.backend);
  record.set_caches(CachesOf(settings));
  record.set_against_precision(options.precision);
  const std::vector<int64_t>& slow = session.variants[dense].latency_ns;
  const std::vector<int64_t>& fast = session.variants[candidate].latency_ns;
  if (slow.empty() || fast.empty() || dense_cost.macs() == 0 ||
      candidate_cost.macs() == 0 || Median(ToDouble(fast)) <= 0.0) {
    *record.mutable_availability() = MakeAvailability(
        Availability::NOT_APPLICABLE,
        "no latency or no MACs of the dense network or the candidate");
    return record;
  }
  *record.mutable_availability() = MakeAvailability(Availability::MEASURED);
  const SpeedRatio ratio = MedianSpeedRatio(
      session, dense, candidate, settings.seed, options.interval_confidence);
  record.set_measured_speedup(ratio.speedup);
  *record.mutable_measured_interval() = ratio.interval;
  record.set_predicted_speedup(static_cast<double>(dense_cost.macs()) /
                               static_cast<double>(candidate_cost.macs()));
  record.set_realised_gain(record.measured_speedup() /
                           record.predicted_speedup());
  if (candidate_cost.bytes_on_disk() > 0) {
    record.set_size_ratio(static_cast<double>(dense_cost.bytes_on_disk()) /
                          static_cast<double>(candidate_cost.bytes_on_disk()));
  }
  return record;
}

}  // namespace assay
