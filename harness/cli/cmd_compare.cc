// assay compare: did a change make something better or worse?
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/cli/command.h"
#include "harness/cli/places.h"
#include "harness/core/status_macros.h"
#include "harness/report/compare.h"
#include "harness/report/formats/format.h"
#include "harness/report/index.h"

namespace assay {
namespace {

constexpr FlagSpec kFlags[] = {
    {"alpha", "P", "0.05", "chance of a false alarm, over all tests together"},
    {"latency_margin", "R", "0.05",
     "relative differences of speed below it do not count"},
    {"quality_margin", "D", "0.005",
     "differences of the metric below it do not count"},
    {"energy_margin", "R", "0.05",
     "relative differences of joules per sample below it do not count"},
    {"strict", "", "",
     "exit code 1 also for what is undecided or missing in NEW"},
    {"format", "text|json|csv|markdown|junit|github", "text",
     "how to print; github also adds a page to $GITHUB_STEP_SUMMARY"},
};

absl::StatusOr<std::vector<Report>> ReportsAt(const std::string& path) {
  ASSAY_ASSIGN_OR_RETURN(ReportIndex index, OpenReports(UserPath(path)));
  if (!index.unread.empty()) {
    const UnreadReport& first = index.unread[0];
    return absl::Status(first.status.code(),
                        absl::StrCat(first.path, ": ", first.status.message()));
  }
  std::vector<Report> reports;
  for (IndexedReport& r : index.reports) {
    reports.push_back(std::move(r.report));
  }
  return reports;
}

// GitHub shows the file that this variable names as the page of the step.
absl::Status AddStepSummary(const Comparison& comparison) {
  const char* path = std::getenv("GITHUB_STEP_SUMMARY");
  if (path == nullptr || *path == '\0') return absl::OkStatus();
  ASSAY_ASSIGN_OR_RETURN(const ReportFormat* format,
                         FindReportFormat("markdown"));
  ASSAY_ASSIGN_OR_RETURN(std::string page, format->comparison(comparison));
  std::ofstream file(path, std::ios::app);
  file << "## assay compare\n\n" << page << "\n";
  file.close();
  return file ? absl::OkStatus()
              : absl::UnavailableError(
                    absl::StrCat("cannot write the step summary ", path));
}

absl::Status CheckOptions(const CompareOptions& options) {
  if (!(options.alpha > 0.0 && options.alpha < 0.5)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--alpha must be in (0, 0.5), got ", options.alpha));
  }
  for (double margin : {options.latency_margin, options.energy_margin,
                        options.quality_margin}) {
    if (!(margin >= 0.0)) {
      return absl::InvalidArgumentError(
          absl::StrCat("margins must not be negative, got ", margin));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<int> Compare(const Args& args) {
  if (args.positional().size() != 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("expects a baseline and new reports, got ",
                     args.positional().size(), " arguments"));
  }
  ASSAY_ASSIGN_OR_RETURN(const ReportFormat* format,
                         FindReportFormat(args.Text("format")));
  CompareOptions options;
  ASSAY_ASSIGN_OR_RETURN(options.alpha, args.Real("alpha"));
  ASSAY_ASSIGN_OR_RETURN(options.latency_margin, args.Real("latency_margin"));
  ASSAY_ASSIGN_OR_RETURN(options.energy_margin, args.Real("energy_margin"));
  ASSAY_ASSIGN_OR_RETURN(options.quality_margin, args.Real("quality_margin"));
  ASSAY_RETURN_IF_ERROR(CheckOptions(options));
  ASSAY_ASSIGN_OR_RETURN(auto baseline, ReportsAt(args.positional()[0]));
  ASSAY_ASSIGN_OR_RETURN(auto now, ReportsAt(args.positional()[1]));
  const Comparison comparison = CompareReports(baseline, now, options);
  ASSAY_ASSIGN_OR_RETURN(std::string text, format->comparison(comparison));
  std::fputs(text.c_str(), stdout);
  if (args.Text("format") == "github") {
    ASSAY_RETURN_IF_ERROR(AddStepSummary(comparison));
  }
  switch (comparison.ExitCode(args.Switch("strict"))) {
    case 0:
      return kExitOk;
    case 1:
      return kExitFinding;
    default:
      return absl::NotFoundError(
          "no experiment is in both: nothing to compare");
  }
}

int Run(const Args& args) {
  auto code = Compare(args);
  return code.ok() ? *code : Complain("compare", code.status());
}

}  // namespace

extern const Command kCompareCommand = {
    "compare",
    "compare BASELINE NEW [flags]",
    "say whether a change made something better or worse",
    "BASELINE and NEW are reports or folders of them. Runs of the same "
    "method,\n"
    "settings, task, budgets, backend and seed are compared: how they ended,\n"
    "budgets, cost on paper, quality by paired tests on the same items, and\n"
    "latency and energy against a margin, by two one-sided tests: something\n"
    "can be shown to be worse, better or the same, or stays undecided. Exit\n"
    "code 1: something is worse.\n"
    "\n"
    "For the least doubt let two programs take turns on one quiet machine and\n"
    "give the folders of their runs (three or more of each): they are "
    "compared\n"
    "in pairs.",
    kFlags,
    Run,
    /*place=*/50,
};

}  // namespace assay
