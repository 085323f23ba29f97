// assay show: reports for people or programs.
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/cli/command.h"
#include "harness/cli/places.h"
#include "harness/core/status_macros.h"
#include "harness/report/formats/format.h"
#include "harness/report/index.h"

namespace assay {
namespace {

constexpr FlagSpec kFlags[] = {
    {"format", "text|json|csv|markdown|junit|github", "text", "how to print"},
    {"table", "", "", "one row each, also for a single report"},
};

absl::StatusOr<int> Show(const Args& args) {
  if (args.positional().empty()) {
    return absl::InvalidArgumentError("expects reports or folders of them");
  }
  ASSAY_ASSIGN_OR_RETURN(const ReportFormat* format,
                         FindReportFormat(args.Text("format")));
  std::vector<Report> reports;
  int code = kExitOk;
  for (const std::string& path : args.positional()) {
    ASSAY_ASSIGN_OR_RETURN(ReportIndex index, OpenReports(UserPath(path)));
    for (IndexedReport& r : index.reports) reports.push_back(r.report);
    for (const UnreadReport& r : index.unread) {
      absl::FPrintF(stderr, "assay show: %s: %s\n", r.path, r.status.message());
      code = kExitFinding;
    }
  }
  const bool one = reports.size() == 1 && !args.Switch("table");
  ASSAY_ASSIGN_OR_RETURN(std::string text,
                         one ? format->one(reports[0]) : format->many(reports));
  std::fputs(text.c_str(), stdout);
  return code;
}

int Run(const Args& args) {
  auto code = Show(args);
  return code.ok() ? *code : Complain("show", code.status());
}

}  // namespace

extern const Command kShowCommand = {
    "show",
    "show REPORT|FOLDER... [flags]",
    "print a report, or a table of several",
    "One report is shown whole; a folder, or several, as a table with a row\n"
    "for each candidate and timing.",
    kFlags,
    Run,
    /*place=*/30,
};

}  // namespace assay
