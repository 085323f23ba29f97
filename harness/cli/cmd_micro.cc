// assay micro: the JSON of Google Benchmark, as records and from reports.
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/cli/command.h"
#include "harness/cli/places.h"
#include "harness/cli/table.h"
#include "harness/core/file.h"
#include "harness/core/status_macros.h"
#include "harness/report/check.h"
#include "harness/report/google_benchmark.h"
#include "harness/report/index.h"

namespace assay {
namespace {

constexpr FlagSpec kFlags[] = {
    {"format", "text|json", "text", "how to print what was read"},
};

absl::Status Read(const Args& args) {
  ASSAY_ASSIGN_OR_RETURN(const Format format, ParseFormat(args.Text("format")));
  Table table({"benchmark", "iterations", "repetitions", "threads", "mean ns",
               "low", "high", "per second", "problem"});
  for (size_t i = 1; i < args.positional().size(); ++i) {
    const std::string path = UserPath(args.positional()[i]);
    ASSAY_ASSIGN_OR_RETURN(const std::string json, ReadFile(path));
    const auto records = ReadGoogleBenchmark(json);
    if (!records.ok()) {
      return absl::Status(records.status().code(),
                          absl::StrCat(path, ": ", records.status().message()));
    }
    for (const LatencyRecord& record : *records) {
      const bool known = record.has_mean_interval();
      const auto number = [](bool there, double value) {
        return there ? absl::StrFormat("%.6g", value) : std::string();
      };
      table.Add(
          {record.variant(), absl::StrCat(record.queries()),
           absl::StrCat(record.blocks_size()), absl::StrCat(record.threads()),
           number(HasValue(record.availability()), record.mean_ns()),
           number(known, record.mean_interval().low()),
           number(known, record.mean_interval().high()),
           number(HasValue(record.availability()), record.samples_per_second()),
           record.availability().reason()});
    }
  }
  std::fputs(table.Render(format).c_str(), stdout);
  return absl::OkStatus();
}

absl::Status Write(const Args& args) {
  std::vector<Report> reports;
  for (size_t i = 1; i < args.positional().size(); ++i) {
    ASSAY_ASSIGN_OR_RETURN(ReportIndex index,
                           OpenReports(UserPath(args.positional()[i])));
    for (IndexedReport& one : index.reports) {
      reports.push_back(std::move(one.report));
    }
  }
  std::fputs(WriteGoogleBenchmark(reports).c_str(), stdout);
  return absl::OkStatus();
}

absl::Status ReadOrWrite(const Args& args) {
  if (args.positional().size() >= 2) {
    if (args.positional()[0] == "read") return Read(args);
    if (args.positional()[0] == "write") return Write(args);
  }
  return absl::InvalidArgumentError(
      "expects `read FILE.json...` or `write REPORT|FOLDER...`");
}

int Run(const Args& args) {
  const absl::Status status = ReadOrWrite(args);
  return status.ok() ? kExitOk : Complain("micro", status);
}

}  // namespace

extern const Command kMicroCommand = {
    "micro",
    "micro read FILE.json... | micro write REPORT|FOLDER...",
    "read and write the JSON of Google Benchmark",
    "`read` shows micro-benchmarks with the interval that their repetitions\n"
    "give; percentiles need single latencies, which such files do not have.\n"
    "`write` prints the timings of reports, one repetition per block, for\n"
    "compare.py and other tools.",
    kFlags,
    Run,
    /*place=*/70,
};

}  // namespace assay
