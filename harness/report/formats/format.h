// A way to show reports. Formats consume finished reports; none measures or
// decides anything.
#ifndef ASSAY_HARNESS_REPORT_FORMATS_FORMAT_H_
#define ASSAY_HARNESS_REPORT_FORMATS_FORMAT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/report/compare.h"
#include "harness/report/report.pb.h"

namespace assay {

struct ReportFormat {
  const char* name;  // "text"
  const char* help;  // one line
  // All of one report.
  absl::StatusOr<std::string> (*one)(const Report& report);
  // A table of several: one row per candidate and timing.
  absl::StatusOr<std::string> (*many)(absl::Span<const Report> reports);
  // What changed between two sets.
  absl::StatusOr<std::string> (*comparison)(const Comparison& comparison);
};

// Sorted by name.
absl::Span<const ReportFormat* const> ReportFormats();

// NOT_FOUND lists the known names.
absl::StatusOr<const ReportFormat*> FindReportFormat(absl::string_view name);

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_FORMATS_FORMAT_H_
