// The rows of a comparison, for people.
#ifndef ASSAY_HARNESS_REPORT_FORMATS_COMPARISON_TABLE_H_
#define ASSAY_HARNESS_REPORT_FORMATS_COMPARISON_TABLE_H_

#include <string>

#include "harness/report/compare.h"
#include "harness/report/formats/text_table.h"

namespace assay {

// What is worse first, then better, then undecided; what is the same is left
// out.
TextTable ComparisonTable(const Comparison& comparison);

// One change as a sentence: "latency p50 ... batch 1: 100 us -> 112 us (+12.0
// %), ratio 1.110 to 1.131 with 90 % confidence, margin 0.05".
std::string ChangeSentence(const MetricChange& change);

// "experiments in both: 3; metrics: 1 worse, 2 better, ...", and which
// experiments are on one side only.
std::string ComparisonSummary(const Comparison& comparison);

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_FORMATS_COMPARISON_TABLE_H_
