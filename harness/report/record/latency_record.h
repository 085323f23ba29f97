// From a timed session to what a report says of it.
#ifndef ASSAY_HARNESS_REPORT_RECORD_LATENCY_RECORD_H_
#define ASSAY_HARNESS_REPORT_RECORD_LATENCY_RECORD_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "harness/measure/scenario/scenario.h"
#include "harness/measure/scenario/timer.h"
#include "harness/report/cost.pb.h"
#include "harness/report/latency.pb.h"

namespace assay {

struct LatencyOptions {
  std::string precision;  // "f32", "bf16", "int8"
  uint32_t batch = 1;     // samples per call of the plan
  uint32_t threads = 1;
  std::string backend;  // empty: the run's
  int64_t evicted_bytes = 0;
  TimerQuality timer;
  std::vector<double> percentiles = {0.5, 0.9, 0.95, 0.97, 0.99, 0.999};
  double percentile_confidence = 0.99;
  double interval_confidence = 0.95;
  size_t max_kept = 65536;
  int64_t latency_bound_ns = 0;  // Server: p99 to keep; 0 = none
};

LatencyRecord::Scenario ScenarioOf(Scenario scenario);

// The record of one variant. Energy is left to the meters.
LatencyRecord MakeLatencyRecord(const ScenarioSettings& settings,
                                const SessionTimings& session, size_t variant,
                                const LatencyOptions& options);

// A percentile of these latencies with its bound, or refused with the reason.
// The bound allows for bursts: it rests on the effective count of the series
// "slower than the percentile", not on the plain one.
PercentileRecord MakePercentile(absl::Span<const double> in_order,
                                double fraction, double confidence);

// Median latency of one variant over that of another, with the interval that
// blocks of neighbouring queries give.
struct SpeedRatio {
  double speedup = 1.0;
  Interval interval;
};
SpeedRatio MedianSpeedRatio(const SessionTimings& session, size_t slow,
                            size_t fast, uint64_t seed,
                            double confidence = 0.95);

// How much faster the candidate's variant was than the dense one in the same
// session, against what the MACs predict. Both latencies are per query of equal
// size. NOT_APPLICABLE where a cost is unknown or 0.
GainRecord MakeGainRecord(const ScenarioSettings& settings,
                          const SessionTimings& session, size_t dense,
                          size_t candidate, const CostRecord& dense_cost,
                          const CostRecord& candidate_cost,
                          const LatencyOptions& options);

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_RECORD_LATENCY_RECORD_H_
