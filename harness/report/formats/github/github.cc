#include "harness/report/formats/github/github.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "harness/report/formats/comparison_table.h"
#include "harness/report/formats/summary.h"

namespace assay::formats::github {
namespace {

// A workflow command ends at its line's end; a property at a comma or colon.
std::string Data(absl::string_view text) {
  return absl::StrReplaceAll(text,
                             {{"%", "%25"}, {"\r", "%0D"}, {"\n", "%0A"}});
}

std::string Property(absl::string_view text) {
  return absl::StrReplaceAll(Data(text), {{":", "%3A"}, {",", "%2C"}});
}

std::string Line(const char* level, absl::string_view title,
                 absl::string_view message) {
  return absl::StrCat("::", level, " title=", Property(title),
                      "::", Data(message), "\n");
}

absl::StatusOr<std::string> Many(absl::Span<const Report> reports) {
  std::string out;
  size_t well = 0;
  for (const Report& report : reports) {
    if (report.outcome().status() == Outcome::OK) {
      ++well;
      continue;
    }
    const RunIdentity& identity = report.identity();
    absl::StrAppend(
        &out, Line("error",
                   absl::StrCat(Outcome::Status_Name(report.outcome().status()),
                                ": ", MethodName(identity), " on ",
                                identity.task(), ", seed ", identity.seed()),
                   report.outcome().message()));
  }
  return absl::StrCat(out, Line("notice", "assay",
                                absl::StrCat(well, " of ", reports.size(),
                                             " runs ended well")));
}

absl::StatusOr<std::string> One(const Report& report) {
  return Many(absl::MakeSpan(&report, 1));
}

const char* LevelOf(Change change) {
  switch (change) {
    case Change::kWorse:
      return "error";
    case Change::kUndecided:
      return "warning";
    default:
      return "notice";
  }
}

absl::StatusOr<std::string> Compared(const Comparison& comparison) {
  std::string out;
  for (Change change : {Change::kWorse, Change::kUndecided, Change::kBetter}) {
    for (const MetricChange& one : comparison.changes) {
      if (one.change != change) continue;
      absl::StrAppend(
          &out, Line(LevelOf(change),
                     absl::StrCat(ChangeName(change), ": ", one.experiment),
                     ChangeSentence(one)));
    }
  }
  for (const std::string& key : comparison.only_in_baseline) {
    absl::StrAppend(&out, Line("warning", "only in the baseline", key));
  }
  return absl::StrCat(
      out, Line("notice", "assay compare", ComparisonSummary(comparison)));
}

}  // namespace

const ReportFormat& Format() {
  static constexpr ReportFormat kFormat = {
      "github", "annotations of GitHub Actions", One, Many, Compared};
  return kFormat;
}

}  // namespace assay::formats::github
