// Rows of plain numbers for programs: the same columns in CSV and JSON.
#ifndef ASSAY_HARNESS_REPORT_FORMATS_FLAT_ROW_H_
#define ASSAY_HARNESS_REPORT_FORMATS_FLAT_ROW_H_

#include <string>
#include <vector>

#include "harness/report/compare.h"
#include "harness/report/formats/summary.h"

namespace assay {

struct FlatCell {
  enum Kind { kNothing, kText, kNumber };

  const char* name = "";  // "p50_ns"
  Kind kind = kNothing;
  std::string text;
  double number = 0.0;
};

// Always the same names in the same order. Units are in the names; a figure
// that was refused or is missing has no value.
std::vector<FlatCell> FlatRow(const SummaryRow& row);
std::vector<FlatCell> FlatRow(const MetricChange& change);

// Shortest text that reads back as the same double.
std::string PlainNumber(double value);

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_FORMATS_FLAT_ROW_H_
