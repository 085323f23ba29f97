// assay claims: do reports bear out what papers say?
#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "harness/claims/attempt_log.h"
#include "harness/claims/claims.h"
#include "harness/claims/claims.pb.h"
#include "harness/claims/verdict.h"
#include "harness/cli/claim_files.h"
#include "harness/cli/command.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/methods.h"
#include "harness/cli/places.h"
#include "harness/cli/table.h"
#include "harness/core/file.h"
#include "harness/core/status_macros.h"
#include "harness/report/index.h"
#include "harness/sweep/executors/local/local_executor.h"
#include "harness/sweep/suite.h"
#include "harness/sweep/sweep.h"

namespace assay {
namespace {

constexpr FlagSpec kFlags[] = {
    {"reports", "DIR", "", "reports to judge by, beside those in --out", true},
    {"run", "", "", "run what is missing first"},
    {"only", "ID", "", "the claim of this id"},
    {"out", "DIR", "assay-results/claims", "where runs go, and are looked for"},
    {"data_dir", "DIR", "", "folder of the data sets (else $ASSAY_DATA_DIR)"},
    {"cache_dir", "DIR", "", "where trained networks lie"},
    {"format", "text|json", "text", "how to print"},
};

struct PluginClaim {
  std::string plugin;
  Claim claim;
};

absl::StatusOr<std::vector<PluginClaim>> ChooseClaims(const Args& args) {
  std::vector<std::string> plugins = args.positional();
  if (plugins.empty()) plugins = PluginsWithClaims();
  std::vector<PluginClaim> claims;
  for (const std::string& plugin : plugins) {
    ASSAY_ASSIGN_OR_RETURN(std::string path, ClaimFile(plugin));
    ASSAY_ASSIGN_OR_RETURN(ClaimSet set, ReadClaims(path));
    for (Claim& claim : *set.mutable_claims()) {
      if (args.Given("only") && claim.id() != args.Text("only")) continue;
      claims.push_back({set.plugin(), std::move(claim)});
    }
  }
  if (claims.empty()) {
    return absl::NotFoundError(
        args.Given("only")
            ? absl::StrCat("no claim has the id '", args.Text("only"), "'")
            : std::string("no plugin claims anything"));
  }
  return claims;
}

// Reports that cannot be read are named and passed over.
absl::Status AddReports(const std::string& folder, bool must_exist,
                        std::vector<Report>* reports) {
  auto index = OpenReports(folder);
  if (absl::IsNotFound(index.status()) && !must_exist) return absl::OkStatus();
  ASSAY_RETURN_IF_ERROR(index.status());
  for (const UnreadReport& one : index->unread) {
    absl::FPrintF(stderr, "assay claims: %s: %s\n", one.path,
                  one.status.message());
  }
  for (IndexedReport& one : index->reports) {
    reports->push_back(std::move(one.report));
  }
  return absl::OkStatus();
}

// Every run that some claim needs and no report fills, once.
absl::StatusOr<std::vector<RunSpec>> MissingRuns(
    const std::vector<PluginClaim>& claims, const std::vector<Report>& reports,
    const Args& args) {
  std::map<std::string, RunSpec> missing;
  for (const PluginClaim& one : claims) {
    ASSAY_ASSIGN_OR_RETURN(const ClaimVerdict verdict,
                           Judge(one.claim, reports));
    ASSAY_ASSIGN_OR_RETURN(const std::vector<RunSpec> runs, RunsOf(one.claim));
    for (size_t i : verdict.missing) {
      RunSpec spec = runs[i];
      ASSAY_ASSIGN_OR_RETURN(std::string plugin,
                             PluginFileOf(spec.method(), ""));
      spec.set_plugin_path(plugin);
      spec.set_data_dir(DataFolder(args.Text("data_dir")));
      spec.set_cache_dir(CacheFolder(args.Text("cache_dir")));
      spec.set_command_line(absl::StrCat("tools/bazelw run //:assay -- claims ",
                                         one.plugin,
                                         " --run --only=", one.claim.id()));
      missing.emplace(RunId(spec), std::move(spec));
    }
  }
  std::vector<RunSpec> specs;
  for (auto& [id, spec] : missing) specs.push_back(std::move(spec));
  return specs;
}

// Whether it was interrupted.
absl::StatusOr<bool> RunAll(const std::vector<RunSpec>& specs,
                            const std::string& folder) {
  SweepOptions options;
  options.folder = folder;
  options.stop = StopOnInterrupt();
  options.on_start = [](size_t index, size_t total, const RunSpec& spec) {
    absl::FPrintF(stderr, "[%d/%d] %s on %s, seed %d\n", index + 1, total,
                  spec.label(), spec.task(), spec.seed());
  };
  LocalExecutor executor(ThisExecutable(), options.stop);
  ASSAY_ASSIGN_OR_RETURN(const std::vector<SweepRow> rows,
                         RunSweep(specs, options, executor));
  for (const SweepRow& row : rows) {
    if (row.state == SweepRow::kStopped ||
        row.report.outcome().status() == Outcome::ABORTED) {
      return true;
    }
    if (row.state == SweepRow::kNoReport) {
      absl::FPrintF(stderr, "assay claims: %s\n", row.failure.message());
    }
  }
  return false;
}

std::string BarText(const Claim& claim) {
  const char* sign = claim.relation() == Claim::AT_LEAST  ? ">="
                     : claim.relation() == Claim::AT_MOST ? "<="
                                                          : "within";
  return absl::StrFormat("%s %s %g",
                         !claim.has_second()              ? "value"
                         : claim.effect() == Claim::RATIO ? "ratio"
                                                          : "difference",
                         sign, claim.margin());
}

void SetNow(google::protobuf::Timestamp* time) {
  const int64_t nanos = absl::GetCurrentTimeNanos();
  time->set_seconds(nanos / 1000000000);
  time->set_nanos(static_cast<int32_t>(nanos % 1000000000));
}

// The verdict on a claim all of whose runs are there, at the confidence that is
// left for this look, and the look in the log.
absl::StatusOr<ClaimVerdict> TakeLook(const PluginClaim& one,
                                      const std::vector<Report>& reports,
                                      double confidence, AttemptLog* log,
                                      ClaimAttempt* look) {
  ASSAY_ASSIGN_OR_RETURN(const std::string evidence,
                         EvidenceOf(one.claim, reports));
  *look = log->Look(absl::StrCat(one.plugin, "/", one.claim.id()),
                    1.0 - confidence, evidence);
  Claim stricter = one.claim;
  stricter.set_confidence(1.0 - look->alpha_spent());
  ASSAY_ASSIGN_OR_RETURN(const ClaimVerdict verdict, Judge(stricter, reports));
  look->set_statement(one.claim.statement());
  SetNow(look->mutable_when());
  look->set_verdict(verdict.verdict);
  look->set_detail(verdict.estimated
                       ? absl::StrFormat("%g, from %g to %g by %s",
                                         verdict.estimate, verdict.low,
                                         verdict.high, verdict.method)
                       : verdict.reason);
  ASSAY_RETURN_IF_ERROR(log->Record(*look, evidence));
  return verdict;
}

// Prints a row for each claim; how many fail.
absl::StatusOr<int> PrintVerdicts(const std::vector<PluginClaim>& claims,
                                  const std::vector<Report>& reports,
                                  Format format, AttemptLog* log) {
  Table table({"verdict", "plugin", "claim", "bar", "estimate", "low", "high",
               "confidence", "look", "runs", "statement", "reason"});
  int fails = 0;
  for (const PluginClaim& one : claims) {
    ASSAY_ASSIGN_OR_RETURN(ClaimVerdict verdict, Judge(one.claim, reports));
    ClaimAttempt look;
    if (verdict.missing.empty()) {
      ASSAY_ASSIGN_OR_RETURN(
          verdict, TakeLook(one, reports, verdict.confidence, log, &look));
    }
    fails += verdict.verdict == ClaimAttempt::FAILS ? 1 : 0;
    const auto number = [&](double value) {
      return verdict.estimated ? absl::StrFormat("%.4g", value) : std::string();
    };
    table.Add({ClaimAttempt::Verdict_Name(verdict.verdict), one.plugin,
               one.claim.id(), BarText(one.claim), number(verdict.estimate),
               number(verdict.low), number(verdict.high),
               number(verdict.confidence),
               look.attempt() > 0 ? absl::StrCat(look.attempt()) : "",
               absl::StrCat(verdict.runs_wanted - verdict.missing.size(), "/",
                            verdict.runs_wanted),
               one.claim.statement(), verdict.reason});
  }
  std::fputs(table.Render(format).c_str(), stdout);
  return fails;
}

absl::StatusOr<int> Claims(const Args& args) {
  ASSAY_ASSIGN_OR_RETURN(const Format format, ParseFormat(args.Text("format")));
  ASSAY_ASSIGN_OR_RETURN(const std::vector<PluginClaim> claims,
                         ChooseClaims(args));
  const std::string out = UserPath(args.Text("out"));
  std::vector<Report> given;
  for (const std::string& folder : args.Texts("reports")) {
    ASSAY_RETURN_IF_ERROR(AddReports(UserPath(folder), true, &given));
  }
  std::vector<Report> reports = given;
  ASSAY_RETURN_IF_ERROR(AddReports(out, false, &reports));
  if (args.Switch("run")) {
    ASSAY_ASSIGN_OR_RETURN(const std::vector<RunSpec> missing,
                           MissingRuns(claims, reports, args));
    ASSAY_ASSIGN_OR_RETURN(const bool interrupted, RunAll(missing, out));
    if (interrupted) return kExitInterrupted;
    reports = std::move(given);
    ASSAY_RETURN_IF_ERROR(AddReports(out, false, &reports));
  }
  ASSAY_ASSIGN_OR_RETURN(AttemptLog log,
                         AttemptLog::Open(JoinPath(out, "attempts.textproto")));
  ASSAY_ASSIGN_OR_RETURN(const int fails,
                         PrintVerdicts(claims, reports, format, &log));
  return fails > 0 ? kExitFinding : kExitOk;
}

int Run(const Args& args) {
  auto code = Claims(args);
  return code.ok() ? *code : Complain("claims", code.status());
}

}  // namespace

extern const Command kClaimsCommand = {
    "claims",
    "claims [PLUGIN...] [flags]",
    "say whether reports bear out what a method's paper claims",
    "Each plugin's claims.textproto states what its paper says: a number, two\n"
    "sides, seeds and a margin. A claim HOLDS or FAILS where the whole "
    "interval\n"
    "says so and every run of it is there; otherwise it is UNDECIDED, with "
    "the\n"
    "reason. --run runs what is missing, which may take hours. Every look at "
    "new\n"
    "reports spends a share of the claim's level, which "
    "OUT/attempts.textproto\n"
    "keeps: looking again until it holds does not help. Exit code 1: a claim\n"
    "fails.",
    kFlags,
    Run,
    /*place=*/80,
};

}  // namespace assay
