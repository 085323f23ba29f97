// The rows of a table of reports.
#ifndef ASSAY_HARNESS_REPORT_FORMATS_SUMMARY_H_
#define ASSAY_HARNESS_REPORT_FORMATS_SUMMARY_H_

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "harness/report/formats/text_table.h"
#include "harness/report/report.pb.h"

namespace assay {

// One network of one report under one timing. Pointers go into the reports and
// are null where there is no such record.
struct SummaryRow {
  const Report* report = nullptr;
  const CandidateRecord* candidate = nullptr;  // null: the run ended before
  const QualityRecord* quality = nullptr;      // of the timing's precision
  const QualityComparison* against_dense = nullptr;
  const LatencyRecord* latency = nullptr;
  const GainRecord* gain = nullptr;
  const EnergyRecord* energy = nullptr;  // the first meter that has a value
  bool dense = false;
};

// Ordered by task, backend, method, label and seed, each report's dense network
// first.
std::vector<SummaryRow> Summarise(absl::Span<const Report> reports);

// Rows for people: the dense network once per task, backend and timing; a rule
// between tasks.
TextTable SummaryTable(absl::Span<const SummaryRow> rows);

std::string MethodName(const RunIdentity& identity);  // "magnitude/lamp"

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_FORMATS_SUMMARY_H_
