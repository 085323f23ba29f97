// assay front: quality against cost over reports, with the chance that each
// network is on the Pareto front.
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/cli/command.h"
#include "harness/cli/places.h"
#include "harness/cli/table.h"
#include "harness/core/status_macros.h"
#include "harness/report/front.h"
#include "harness/report/index.h"

namespace assay {
namespace {

constexpr FlagSpec kFlags[] = {
    {"cost", "latency|macs|bytes|energy", "latency",
     "what quality is weighed against"},
    {"task", "NAME", "", "this task alone"},
    {"draws", "N", "2000", "of the intervals"},
    {"seed", "N", "0", "of the draws"},
    {"format", "text|json", "text", "how to print"},
};

std::string Between(const Interval& interval) {
  if (interval.method().empty()) return "exact";
  return absl::StrFormat("%.4g-%.4g", interval.low(), interval.high());
}

absl::StatusOr<int> ShowFronts(const Args& args) {
  if (args.positional().empty()) {
    return absl::InvalidArgumentError("expects reports or folders of them");
  }
  ASSAY_ASSIGN_OR_RETURN(const FrontCost cost,
                         ParseFrontCost(args.Text("cost")));
  ASSAY_ASSIGN_OR_RETURN(const Format format, ParseFormat(args.Text("format")));
  ASSAY_ASSIGN_OR_RETURN(const int64_t draws, args.Int("draws"));
  ASSAY_ASSIGN_OR_RETURN(const uint64_t seed, args.Unsigned("seed"));
  if (draws < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("--draws expects 1 or more, got ", draws));
  }
  std::vector<Report> reports;
  for (const std::string& path : args.positional()) {
    ASSAY_ASSIGN_OR_RETURN(ReportIndex index, OpenReports(UserPath(path)));
    for (IndexedReport& r : index.reports) {
      const bool asked = args.Text("task").empty() ||
                         r.report.identity().task() == args.Text("task");
      if (asked) reports.push_back(std::move(r.report));
    }
  }
  Table table({"task", "backend", "network", "precision", "quality", "between",
               args.Text("cost"), "cost between", "on the front"});
  for (const Front& front : MakeFronts(reports, cost, draws, seed)) {
    for (const FrontPoint& point : front.points) {
      table.Add({front.task, front.backend, point.network, point.precision,
                 absl::StrFormat("%.4g", point.quality),
                 Between(point.quality_interval),
                 absl::StrFormat("%.4g", point.cost),
                 Between(point.cost_interval),
                 absl::StrFormat("%.3f", point.chance)});
    }
    for (const std::string& line : front.left_out) {
      absl::FPrintF(stderr, "assay front: left out: %s: %s\n", front.task,
                    line);
    }
  }
  std::fputs(table.Render(format).c_str(), stdout);
  return kExitOk;
}

int Run(const Args& args) {
  auto code = ShowFronts(args);
  return code.ok() ? *code : Complain("front", code.status());
}

}  // namespace

extern const Command kFrontCommand = {
    "front",
    "front REPORT|FOLDER... [flags]",
    "which networks give the most quality for their cost, and how surely",
    "Networks are compared within a task and backend. The chance to be on the\n"
    "Pareto front is the share of draws from the intervals of quality and "
    "cost\n"
    "in which no other network is as good in both and better in one.",
    kFlags,
    Run,
    /*place=*/60,
};

}  // namespace assay
