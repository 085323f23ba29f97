// assay html: reports as one page to explore in a browser.
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/claims/claims.h"
#include "harness/claims/claims.pb.h"
#include "harness/claims/verdict.h"
#include "harness/cli/claim_files.h"
#include "harness/cli/command.h"
#include "harness/cli/places.h"
#include "harness/core/file.h"
#include "harness/core/progress.h"
#include "harness/core/status_macros.h"
#include "harness/report/formats/format.h"
#include "harness/report/index.h"

namespace assay {
namespace {

constexpr FlagSpec kFlags[] = {
    {"output", "FILE", "assay.html", "where the page goes; - prints it"},
};

// Reports that cannot be read are named, and left out.
absl::StatusOr<std::vector<Report>> Read(const std::vector<std::string>& paths,
                                         int* code) {
  std::vector<Report> reports;
  for (const std::string& path : paths) {
    ASSAY_ASSIGN_OR_RETURN(ReportIndex index, OpenReports(UserPath(path)));
    for (IndexedReport& r : index.reports) {
      reports.push_back(std::move(r.report));
    }
    for (const UnreadReport& r : index.unread) {
      absl::FPrintF(stderr, "assay html: %s: %s\n", r.path, r.status.message());
      *code = kExitFinding;
    }
  }
  return reports;
}

std::string DetailOf(const ClaimVerdict& verdict) {
  if (!verdict.estimated) return verdict.reason;
  const std::string interval =
      absl::StrFormat("%.4g (%.4g to %.4g, %g %%)", verdict.estimate,
                      verdict.low, verdict.high, 100 * verdict.confidence);
  return verdict.reason.empty() ? interval
                                : absl::StrCat(interval, "; ", verdict.reason);
}

// The report that shows a claim: of its plugin, and as far as there is one of
// its task and of the variant that it speaks of. Null: none of its plugin.
Report* ReportOf(const std::string& plugin, const Claim& claim,
                 std::vector<Report>* reports) {
  Report* best = nullptr;
  int best_fit = 0;
  for (Report& report : *reports) {
    const RunIdentity& id = report.identity();
    if (id.method() != plugin) continue;
    const int fit = 1 + (id.task() == claim.task() ? 2 : 0) +
                    (id.label() == claim.first().method().label() ? 1 : 0);
    if (fit <= best_fit) continue;
    best = &report;
    best_fit = fit;
  }
  return best;
}

// What these reports say of the claims of their methods, added to a report of
// each as it is shown; no file changes.
absl::Status JudgeClaims(std::vector<Report>* reports) {
  for (const std::string& plugin : PluginsWithClaims()) {
    ASSAY_ASSIGN_OR_RETURN(const std::string path, ClaimFile(plugin));
    ASSAY_ASSIGN_OR_RETURN(const ClaimSet set, ReadClaims(path));
    for (const Claim& claim : set.claims()) {
      Report* report = ReportOf(plugin, claim, reports);
      if (report == nullptr) break;
      ASSAY_ASSIGN_OR_RETURN(const ClaimVerdict verdict,
                             Judge(claim, *reports));
      ClaimAttempt* shown = report->add_claims();
      shown->set_claim(claim.id());
      shown->set_statement(claim.statement());
      shown->set_verdict(verdict.verdict);
      shown->set_detail(DetailOf(verdict));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<int> MakePage(const Args& args) {
  if (args.positional().empty()) {
    return absl::InvalidArgumentError("expects reports or folders of them");
  }
  int code = kExitOk;
  ASSAY_ASSIGN_OR_RETURN(const ReportFormat* format, FindReportFormat("html"));
  ASSAY_ASSIGN_OR_RETURN(std::vector<Report> reports,
                         Read(args.positional(), &code));
  ASSAY_RETURN_IF_ERROR(JudgeClaims(&reports));
  ASSAY_ASSIGN_OR_RETURN(const std::string page, format->many(reports));
  if (args.Text("output") == "-") {
    std::fwrite(page.data(), 1, page.size(), stdout);
    return code;
  }
  const std::string path = UserPath(args.Text("output"));
  ASSAY_RETURN_IF_ERROR(WriteFileAtomically(path, page));
  absl::FPrintF(stderr, "%d reports in %s, %s: open it in a browser\n",
                reports.size(), path,
                HumanBytes(static_cast<int64_t>(page.size())));
  return code;
}

int Run(const Args& args) {
  auto code = MakePage(args);
  return code.ok() ? *code : Complain("html", code.status());
}

}  // namespace

extern const Command kHtmlCommand = {
    "html",
    "html REPORT|FOLDER... [--output=FILE]",
    "make a page to explore reports in a browser",
    "The page is one file that needs nothing else, no network either: what is\n"
    "best within a limit, every method on every task, trade-offs, each run in\n"
    "full with the command that repeats it, what these reports say of the\n"
    "claims of papers, and the course of what was run more than once.",
    kFlags,
    Run,
    /*place=*/40,
};

}  // namespace assay
