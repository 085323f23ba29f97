#include "harness/report/formats/junit/junit.h"

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/report/formats/comparison_table.h"
#include "harness/report/formats/summary.h"

namespace assay::formats::junit {
namespace {

// As the value of an attribute; characters that XML 1.0 has not become '?'.
std::string Escaped(absl::string_view text) {
  std::string out;
  for (char c : text) {
    const bool control = static_cast<unsigned char>(c) < 0x20;
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\n':
        out += "&#10;";
        break;
      default:
        out += control && c != '\t' ? '?' : c;
    }
  }
  return out;
}

struct Case {
  std::string name, failure, failure_type, skipped;
  double seconds = 0.0;
};

using Suites = std::map<std::string, std::vector<Case>>;

void AppendCase(const std::string& suite, const Case& one, std::string* out) {
  absl::StrAppend(out, "    <testcase classname=\"", Escaped(suite),
                  "\" name=\"", Escaped(one.name), "\"");
  if (one.seconds > 0.0)
    absl::StrAppendFormat(out, " time=\"%.3f\"", one.seconds);
  if (!one.failure.empty()) {
    absl::StrAppend(out, ">\n      <failure type=\"", one.failure_type,
                    "\" message=\"", Escaped(one.failure),
                    "\"/>\n    </testcase>\n");
  } else if (!one.skipped.empty()) {
    absl::StrAppend(out, ">\n      <skipped message=\"", Escaped(one.skipped),
                    "\"/>\n    </testcase>\n");
  } else {
    absl::StrAppend(out, "/>\n");
  }
}

struct Counts {
  size_t tests = 0, failures = 0, skipped = 0;
};

Counts Count(const std::vector<Case>& cases) {
  Counts counts = {cases.size(), 0, 0};
  for (const Case& one : cases) {
    counts.failures += one.failure.empty() ? 0 : 1;
    counts.skipped += !one.skipped.empty() && one.failure.empty() ? 1 : 0;
  }
  return counts;
}

std::string Attributes(const Counts& counts) {
  return absl::StrCat(" tests=\"", counts.tests, "\" failures=\"",
                      counts.failures, "\" errors=\"0\" skipped=\"",
                      counts.skipped, "\"");
}

std::string Xml(const char* name, const Suites& suites) {
  Counts all;
  std::string body;
  for (const auto& [suite, cases] : suites) {
    const Counts counts = Count(cases);
    all.tests += counts.tests;
    all.failures += counts.failures;
    all.skipped += counts.skipped;
    absl::StrAppend(&body, "  <testsuite name=\"", Escaped(suite), "\"",
                    Attributes(counts), ">\n");
    for (const Case& one : cases) AppendCase(suite, one, &body);
    absl::StrAppend(&body, "  </testsuite>\n");
  }
  return absl::StrCat("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
                      "<testsuites name=\"", name, "\"", Attributes(all), ">\n",
                      body, "</testsuites>\n");
}

absl::StatusOr<std::string> Many(absl::Span<const Report> reports) {
  Suites suites;
  for (const Report& report : reports) {
    const RunIdentity& identity = report.identity();
    Case& one = suites[identity.task()].emplace_back();
    one.name = absl::StrCat(MethodName(identity), " seed ", identity.seed());
    one.seconds = report.overhead().total_seconds();
    if (report.outcome().status() == Outcome::OK) continue;
    one.failure_type = Outcome::Status_Name(report.outcome().status());
    one.failure = absl::StrCat(Outcome::Stage_Name(report.outcome().stage()),
                               ": ", report.outcome().message());
  }
  return Xml("assay run", suites);
}

absl::StatusOr<std::string> One(const Report& report) {
  return Many(absl::MakeSpan(&report, 1));
}

absl::StatusOr<std::string> Compared(const Comparison& comparison) {
  Suites suites;
  for (const MetricChange& change : comparison.changes) {
    Case& one = suites[change.experiment].emplace_back();
    one.name = absl::StrCat(
        change.candidate, change.candidate.empty() ? "" : ": ", change.metric);
    if (change.change == Change::kWorse) {
      one.failure_type = ChangeName(change.change);
      one.failure = ChangeSentence(change);
    } else if (change.change == Change::kUndecided) {
      one.skipped = absl::StrCat("undecided: ", ChangeSentence(change));
    }
  }
  for (const std::string& key : comparison.only_in_baseline) {
    Case& one = suites[key].emplace_back();
    one.name = "run";
    one.skipped = "only in the baseline";
  }
  return Xml("assay compare", suites);
}

}  // namespace

const ReportFormat& Format() {
  static constexpr ReportFormat kFormat = {
      "junit", "JUnit XML, a test case for each run or metric", One, Many,
      Compared};
  return kFormat;
}

}  // namespace assay::formats::junit
