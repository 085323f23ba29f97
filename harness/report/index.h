// The reports of a folder.
#ifndef ASSAY_HARNESS_REPORT_INDEX_H_
#define ASSAY_HARNESS_REPORT_INDEX_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/report/report.pb.h"

namespace assay {

struct IndexedReport {
  std::string path;
  Report report;
};

struct UnreadReport {
  std::string path;
  absl::Status status;
};

struct ReportIndex {
  std::vector<IndexedReport> reports;  // by path
  std::vector<UnreadReport> unread;    // those that cannot be read, and why
};

// `path` is one report of any name, or a folder: then every file in it or below
// it that is called report.* or *.report.* with an ending of a report. Links
// are not followed. One broken file never hides the others. NOT_FOUND where
// there is no such path or no report in it.
absl::StatusOr<ReportIndex> OpenReports(const std::string& path);

// The paths that OpenReports would read in and below a folder, sorted. What
// cannot be listed is named in `problems`. NOT_FOUND: no such folder.
absl::StatusOr<std::vector<std::string>> FindReportFiles(
    const std::string& folder, std::vector<std::string>* problems);

// What makes two reports the same experiment, whoever made them when:
// "magnitude/lamp shapes_lenet5 cpu seed 7" and a digest of the settings,
// the budgets and the network that the user brought.
std::string ExperimentKey(const RunIdentity& identity);

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_INDEX_H_
