// assay rerun: repeats the run of a report, from the report alone.
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "datasets/data_files.h"
#include "datasets/registry.h"
#include "harness/cli/command.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/methods.h"
#include "harness/cli/places.h"
#include "harness/cli/table.h"
#include "harness/cli/verification_table.h"
#include "harness/core/hash.h"
#include "harness/core/status_macros.h"
#include "harness/host/provenance.h"
#include "harness/host/run_identity.h"
#include "harness/host/run_spec.pb.h"
#include "harness/host/tuned_plans.h"
#include "harness/report/report_file.h"
#include "harness/report/verify.h"
#include "harness/sweep/executors/local/local_executor.h"
#include "harness/sweep/sweep.h"
#include "harness/tasks/registry.h"

namespace assay {
namespace {

constexpr FlagSpec kFlags[] = {
    {"allow", "", "", "run although something that decides results differs"},
    {"dry", "", "", "say what differs and do not run"},
    {"bits", "", "", "what is not equal to the bit differs (timings excepted)"},
    {"out", "DIR", "assay-results/rerun", "where the new report goes"},
    {"plugin", "FILE", "", "the method's shared object"},
    {"data_dir", "DIR", "", "folder of the data sets (else $ASSAY_DATA_DIR)"},
    {"cache_dir", "DIR", "", "where trained networks lie"},
    {"format", "text|json", "text", "how to print the result"},
};

absl::StatusOr<RunSpec> SpecOf(const Report& report) {
  const RunIdentity& identity = report.identity();
  if (identity.spec().empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "this report was written before reports held what was asked; its "
        "command was: ",
        identity.command()));
  }
  RunSpec spec;
  ASSAY_RETURN_IF_ERROR(ParseRunText(identity.spec(), &spec));
  if (RunHash(spec) != identity.run_id()) {
    return absl::DataLossError(
        absl::StrCat("the report contradicts itself: it is of run ",
                     identity.run_id(), ", and asks for ", RunHash(spec)));
  }
  return spec;
}

// The files that the run read must be the published ones that this program
// knows; what lies on disk is hashed.
absl::Status FillData(const RunSpec& spec, RunIdentity* identity) {
  ASSAY_ASSIGN_OR_RETURN(const TaskSpec task, FindTask(spec.task()));
  identity->set_task_version(task.version);
  ASSAY_ASSIGN_OR_RETURN(const DatasetInfo* info, FindDataset(task.dataset));
  ASSAY_RETURN_IF_ERROR(VerifyDataset(*info, spec.data_dir()));
  for (const DataFile& file : info->files) {
    FileRecord* row = identity->mutable_dataset()->add_files();
    row->set_path(absl::StrCat(info->folder, "/", file.path));
    row->set_sha256(file.sha256);
  }
  return absl::OkStatus();
}

// What a run would be made from here and now.
absl::StatusOr<Report> InputsHere(const RunSpec& spec) {
  Report here;
  RunIdentity* identity = here.mutable_identity();
  FillIdentity(spec, identity);
  identity->clear_method_settings();  // the plugin fills in its presets
  ASSAY_ASSIGN_OR_RETURN(std::string plugin, Sha256OfFile(spec.plugin_path()));
  identity->set_plugin_sha256(plugin);
  ASSAY_RETURN_IF_ERROR(FillData(spec, identity));
  *here.mutable_provenance() = CollectProvenance(ThisExecutable());
  here.mutable_provenance()->clear_libraries();  // the backend adds its own
  here.mutable_provenance()->clear_threads();
  return here;
}

// Prints what differs; the names of what must not.
std::vector<std::string> SayDifferences(const Report& report,
                                        const Report& here) {
  std::vector<std::string> forbidding;
  for (const VerifyRow& row : CompareInputs(report, here)) {
    if (row.agreement != Agreement::kDiffers) continue;
    const bool decides = DecidesResults(row);
    if (decides) forbidding.push_back(row.what);
    absl::FPrintF(stderr, "%s %s differs: the report has %s, here is %s%s%s\n",
                  decides ? "!" : "-", row.what, row.first, row.second,
                  row.note.empty() ? "" : "; ", row.note);
  }
  return forbidding;
}

absl::Status RefuseUnlessAllowed(const std::vector<std::string>& differences,
                                 bool allowed) {
  if (differences.empty() || allowed) return absl::OkStatus();
  std::string names;
  for (const std::string& name : differences) {
    absl::StrAppend(&names, names.empty() ? "" : ", ", name);
  }
  return absl::FailedPreconditionError(
      absl::StrCat("this would not be the same run (", names,
                   "); --allow runs it all the same"));
}

absl::StatusOr<SweepRow> RunAgain(const RunSpec& spec, const Args& args) {
  SweepOptions options;
  options.folder = UserPath(args.Text("out"));
  options.fresh = true;
  options.stop = StopOnInterrupt();
  LocalExecutor executor(ThisExecutable(), options.stop);
  ASSAY_ASSIGN_OR_RETURN(std::vector<SweepRow> rows,
                         RunSweep({spec}, options, executor));
  return std::move(rows[0]);
}

absl::StatusOr<int> Rerun(const Args& args) {
  if (args.positional().size() != 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "expects one report, got ", args.positional().size(), " arguments"));
  }
  ASSAY_ASSIGN_OR_RETURN(const Format format, ParseFormat(args.Text("format")));
  ASSAY_ASSIGN_OR_RETURN(const Report report,
                         ReadReport(UserPath(args.positional()[0])));
  ASSAY_ASSIGN_OR_RETURN(RunSpec spec, SpecOf(report));
  ASSAY_ASSIGN_OR_RETURN(std::string plugin,
                         PluginFileOf(spec.method(), args.Text("plugin")));
  spec.set_plugin_path(plugin);
  spec.set_data_dir(DataFolder(args.Text("data_dir")));
  spec.set_cache_dir(CacheFolder(args.Text("cache_dir")));
  spec.set_command_line(report.identity().command());
  RepeatPlans(report, &spec);
  ASSAY_ASSIGN_OR_RETURN(const Report here, InputsHere(spec));
  const std::vector<std::string> differences = SayDifferences(report, here);
  ASSAY_RETURN_IF_ERROR(RefuseUnlessAllowed(differences, args.Switch("allow")));
  if (args.Switch("dry")) return kExitOk;

  ASSAY_ASSIGN_OR_RETURN(const SweepRow row, RunAgain(spec, args));
  if (row.state == SweepRow::kStopped ||
      row.report.outcome().status() == Outcome::ABORTED) {
    return kExitInterrupted;
  }
  if (row.state == SweepRow::kNoReport) return row.failure;
  const Verification verification = VerifyReports(report, row.report);
  std::fputs(VerificationText(verification, format, false).c_str(), stdout);
  absl::FPrintF(stderr, "report: %s\n", row.report_path);
  return verification.ExitCode(args.Switch("bits")) == 0 ? kExitOk
                                                         : kExitFinding;
}

int Run(const Args& args) {
  auto code = Rerun(args);
  return code.ok() ? *code : Complain("rerun", code.status());
}

}  // namespace

extern const Command kRerunCommand = {
    "rerun",
    "rerun REPORT [flags]",
    "repeat the run of a report, and say whether it came out the same",
    "Everything that was asked is taken from the report. Before it runs, this\n"
    "program's revision, the plugin, the task and the data set's files (by\n"
    "checksum) are held against the report's; where they differ it says so "
    "and\n"
    "refuses, or goes on with --allow. Another machine is only mentioned. "
    "Exit\n"
    "code 1: a result differs, as `assay verify` tells.",
    kFlags,
    Run,
    /*place=*/90,
};

}  // namespace assay
