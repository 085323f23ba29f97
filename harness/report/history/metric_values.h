// The numbers of a report that are worth following over time.
#ifndef ASSAY_HARNESS_REPORT_HISTORY_METRIC_VALUES_H_
#define ASSAY_HARNESS_REPORT_HISTORY_METRIC_VALUES_H_

#include <string>
#include <vector>

namespace assay {

class Report;

struct MetricValue {
  std::string candidate;  // "dense", "sparsity>=0.9"; empty: of the whole run
  std::string metric;     // as `assay compare` calls them
  std::string unit;       // "fraction", "ns", "bytes", "J", "s", ""
  bool less_is_better = true;
  double value = 0.0;
};

// Quality, cost on paper, median and 90th percentile latency, throughput,
// energy, memory, and what the method spent. Timings are told apart as
// timing_key.h does: "latency p50 SINGLE_STREAM f32 batch 1 @reference cold".
// Each name stands once for a network. What has no value in the report gives no
// row; a run that did not end well gives none.
std::vector<MetricValue> MetricValues(const Report& report);

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_HISTORY_METRIC_VALUES_H_
