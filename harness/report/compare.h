// Whether a change made something better or worse, with the doubt stated.
#ifndef ASSAY_HARNESS_REPORT_COMPARE_H_
#define ASSAY_HARNESS_REPORT_COMPARE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "harness/report/report.pb.h"

namespace assay {

enum class Change {
  kSame,       // shown to lie within the margin, or equal
  kBetter,     // shown to be better: speed and energy by more than the margin
  kWorse,      // shown to be worse, in the same way
  kUndecided,  // the data cannot tell; `note` says why
};
const char* ChangeName(Change change);  // "SAME", "BETTER", ...

struct CompareOptions {
  double alpha = 0.05;
  // Relative; speed differences below it are nobody's concern, and two runs of
  // one program differ by a few percent.
  double latency_margin = 0.05;
  // Relative, of joules per sample.
  double energy_margin = 0.05;
  // In the metric's unit; for accuracy half a point.
  double quality_margin = 0.005;
  int64_t resamples = 4000;
  uint64_t seed = 0;
};

struct MetricChange {
  std::string experiment;  // ExperimentKey
  std::string candidate;   // "dense", "sparsity>=0.9"
  std::string metric;      // "test top1_accuracy f32", "latency ... p50"
  std::string unit;        // "fraction", "ns", "bytes", ...
  double baseline = 0.0, now = 0.0;
  Change change = Change::kUndecided;
  // Of "no difference" for quality, of "within the margin" for latency and
  // energy, adjusted for the number of tests (Holm). 1 where nothing was
  // tested.
  double p_value = 1.0;
  // "mcnemar_exact", "block_bootstrap", "paired_rounds", "normal", "exact"
  std::string test;
  // What the decision rests on: now / baseline, or now - baseline in the unit,
  // with an interval of that confidence. Empty where there is none.
  std::string effect;  // "ratio", "difference"
  double estimate = 0.0, low = 0.0, high = 0.0, confidence = 0.0;
  double margin = 0.0;  // that the interval was held against
  std::string note;
};

struct Comparison {
  std::vector<MetricChange> changes;  // by experiment, candidate, metric
  std::vector<std::string> only_in_baseline, only_in_new;  // experiments
  int64_t matched = 0;                                     // experiments

  int64_t Count(Change change) const;
  // 0: nothing is worse; 1: something is; 2: no experiment is in both. With
  // `strict`, what is undecided or only in the baseline counts as worse.
  int ExitCode(bool strict = false) const;
};

// Pairs runs of equal ExperimentKey (of several, the one that finished last)
// and looks at how they ended, the budgets, the cost on paper, quality, speed
// and energy.
//   status    OK -> anything else is worse
//   budgets   met -> not met is worse
//   cost      parameters, MACs and bytes, exactly; less is better
//   quality   paired tests on the same items; a difference that is shown to be
//             within the margin is none
//   latency   two one-sided tests of the ratio of medians against the margin;
//             undecided on another or an unfit machine
//   energy    the same of joules per sample, from their intervals
//
// Where both sides hold the same number, at least 3, of runs of one experiment
// that finished in turns (A B, B A, A B, ...), their latencies are compared in
// pairs, so that what changes from one start of a program to the next is part
// of the doubt. Otherwise the latencies of the last runs are resampled.
Comparison CompareReports(absl::Span<const Report> baseline,
                          absl::Span<const Report> now,
                          const CompareOptions& options = {});

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_COMPARE_H_
