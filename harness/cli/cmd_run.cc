// assay run: the runs of a suite, or one run named by flags.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "harness/backend/registry.h"
#include "harness/cli/command.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/methods.h"
#include "harness/cli/network_flags.h"
#include "harness/cli/places.h"
#include "harness/cli/suites.h"
#include "harness/core/file.h"
#include "harness/core/status_macros.h"
#include "harness/host/run_identity.h"
#include "harness/host/session_plan.h"
#include "harness/host/tuned_plans.h"
#include "harness/report/formats/format.h"
#include "harness/report/report_file.h"
#include "harness/sweep/executors/local/local_executor.h"
#include "harness/sweep/suite.h"
#include "harness/sweep/suite.pb.h"
#include "harness/sweep/sweep.h"

namespace assay {
namespace {

constexpr FlagSpec kFlags[] = {
    {"method", "NAME", "", "one run of this method instead of a suite"},
    {"task", "NAME", "", "its task (several, separated by commas)"},
    {"budget", "KEY=VALUE,...", "",
     "what a candidate must meet: sparsity, macs, weight_bits, "
     "activation_bits, bytes",
     true},
    {"param", "KEY=VALUE", "", "a parameter of the method", true},
    {"seed", "N,...", "", "seeds (default: the suite's, or 1)"},
    {"backend", "NAME", "", "where it runs (default: the suite's, or cpu)"},
    {"plugin", "FILE", "", "the method's shared object"},
    {"network", "FILE", "", "a network (.onnx, .tflite) in the task's place"},
    {"network_layout", "nchw|nhwc", "nchw", "how it takes images"},
    {"network_output", "NAME", "", "of several, the one with the scores"},
    {"network_mean", "X,...", "", "it reads (x - mean) / stddev: a value per"},
    {"network_stddev", "X,...", "",
     "channel (default: its file's, or the task's)"},
    {"network_labels", "CLASS,...", "",
     "of its scores in order, names or numbers"},
    {"precision", "f32|bf16", "", "of training (default: the suite's, or f32)"},
    {"accuracy_only", "", "", "do not measure latency and energy"},
    {"scenario", "NAME,...", "",
     "how queries arrive: single_stream, multi_stream, server, offline; of "
     "networks that write tokens: prefill, decode"},
    {"batch", "N,...", "", "samples per call of a plan"},
    {"cache", "hot|cold|hot,cold", "", "caches before each query"},
    {"beside", "BACKEND,...", "",
     "backends that time the networks too, interleaved with the run's"},
    {"queries", "N", "", "timed queries per variant (default: the suite's)"},
    {"qps", "X", "",
     "arrivals per second of server (default: half of what the slowest can)"},
    {"latency_bound_ms", "X", "", "that the p99 of server must keep"},
    {"energy_error", "X", "",
     "relative error wanted of joules, as 0.01: sessions last until meters can "
     "state it"},
    {"meter", "ADDRESS", "",
     "an external energy meter, tcp:HOST:PORT or serial:PATH:BAUD", true},
    {"tune", "off|quick|full|replay:REPORT", "",
     "how plans that are timed are chosen: by rules (default), by measuring "
     "for 2 or 20 seconds each, or as that report's were"},
    {"audit", "", "",
     "also time one sample over and over and another seed, score the test "
     "split in another order, and run the method on the task under other "
     "names"},
    {"same_allowance", "", "",
     "also train the dense network on, for as many samples as the method"},
    {"only", "TEXT", "", "the runs of this name, or whose name contains it"},
    {"fresh", "", "", "run again what is done"},
    {"retry", "", "", "run again what did not end OK"},
    {"out", "DIR", "assay-results", "reports go below DIR/SUITE"},
    {"data_dir", "DIR", "", "folder of the data sets (else $ASSAY_DATA_DIR)"},
    {"cache_dir", "DIR", "", "where trained networks lie"},
    {"format", "text|json|csv|markdown|junit|github", "text",
     "how to print the result"},
};

absl::StatusOr<std::pair<std::string, std::string>> KeyAndValue(
    absl::string_view flag, absl::string_view text) {
  const std::pair<std::string, std::string> pair =
      absl::StrSplit(text, absl::MaxSplits('=', 1));
  if (absl::StrContains(text, '=') && !pair.first.empty()) return pair;
  return absl::InvalidArgumentError(
      absl::StrCat("--", flag, " expects KEY=VALUE, got '", text, "'"));
}

absl::Status SetLimit(const std::string& key, const std::string& value,
                      Budget* budget) {
  double number = 0;
  if (!absl::SimpleAtod(value, &number)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--budget ", key, " expects a number, got '", value, "'"));
  }
  if (key == "sparsity") {
    budget->set_sparsity(number);
  } else if (key == "macs") {
    budget->set_macs_fraction(number);
  } else if (key == "weight_bits") {
    budget->set_weight_bits(static_cast<int32_t>(number));
  } else if (key == "activation_bits") {
    budget->set_activation_bits(static_cast<int32_t>(number));
  } else if (key == "bytes") {
    budget->set_bytes(static_cast<int64_t>(number));
  } else {
    return absl::InvalidArgumentError(absl::StrCat(
        "--budget knows sparsity, macs, weight_bits, activation_bits and "
        "bytes, not '",
        key, "'"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Budget> ParseBudget(absl::string_view text) {
  Budget budget;
  for (const absl::string_view limit : absl::StrSplit(text, ',')) {
    ASSAY_ASSIGN_OR_RETURN(auto pair, KeyAndValue("budget", limit));
    ASSAY_RETURN_IF_ERROR(SetLimit(pair.first, pair.second, &budget));
  }
  return budget;
}

absl::StatusOr<std::vector<uint64_t>> ParseSeeds(const std::string& text) {
  std::vector<uint64_t> seeds;
  for (const absl::string_view word : absl::StrSplit(text, ',')) {
    if (!absl::SimpleAtoi(word, &seeds.emplace_back())) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--seed expects integers from 0 to 2^64-1, got '", word, "'"));
    }
  }
  return seeds;
}

// Enough queries to state a p99 of single queries with confidence.
MeasureSpec DefaultMeasure() {
  MeasureSpec measure;
  measure.add_batch_sizes(1);
  measure.add_batch_sizes(32);
  measure.set_queries(700);
  measure.set_seconds(5);
  return measure;
}

// A suite of one block from --method, --task and their like.
absl::StatusOr<Suite> SuiteFromFlags(const Args& args) {
  Suite suite;
  suite.set_name("single");
  *suite.mutable_measure() = DefaultMeasure();
  Block* block = suite.add_blocks();
  MethodChoice* method = block->add_methods();
  method->set_name(args.Text("method"));
  for (const std::string& text : args.Texts("param")) {
    ASSAY_ASSIGN_OR_RETURN(auto pair, KeyAndValue("param", text));
    (*method->mutable_parameters())[pair.first] = pair.second;
  }
  if (!args.Given("task")) {
    return absl::InvalidArgumentError("--method needs --task as well");
  }
  for (const absl::string_view task : absl::StrSplit(args.Text("task"), ',')) {
    block->add_tasks(std::string(task));
  }
  for (const std::string& text : args.Texts("budget")) {
    ASSAY_ASSIGN_OR_RETURN(*block->add_budgets(), ParseBudget(text));
  }
  block->add_seeds(1);
  return suite;
}

absl::StatusOr<Suite> ChooseSuite(const Args& args) {
  const bool single = args.Given("method");
  if (single == (args.positional().size() == 1)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "expects one suite, or --method and --task; `assay list suites` shows "
        "the suites"));
  }
  if (single) return SuiteFromFlags(args);
  ASSAY_ASSIGN_OR_RETURN(std::string path, SuiteFile(args.positional()[0]));
  return ReadSuite(path);
}

std::vector<std::string> Words(const Args& args, absl::string_view flag) {
  return absl::StrSplit(args.Text(flag), ',', absl::SkipEmpty());
}

absl::Status OverrideBatches(const Args& args, MeasureSpec* measure) {
  measure->clear_batch_sizes();
  for (const std::string& word : Words(args, "batch")) {
    int32_t batch = 0;
    if (!absl::SimpleAtoi(word, &batch)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--batch expects integers, got '", word, "'"));
    }
    measure->add_batch_sizes(batch);
  }
  return absl::OkStatus();
}

struct Tuning {
  std::string mode;
  RunSpec repeated;  // its plans are those to make again
};

// Of --tune. A report that is replayed says in which mode it was measured.
absl::StatusOr<Tuning> TuningOf(const Args& args) {
  Tuning tuning;
  tuning.mode = args.Text("tune");
  if (!absl::StartsWith(tuning.mode, "replay:")) {
    ASSAY_RETURN_IF_ERROR(CheckTuning(tuning.mode));
    return tuning;
  }
  const std::string path = tuning.mode.substr(strlen("replay:"));
  ASSAY_ASSIGN_OR_RETURN(const Report report, ReadReport(UserPath(path)));
  RepeatPlans(report, &tuning.repeated);
  if (tuning.repeated.tuned_size() == 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "--tune: the plans of ", path, " were chosen by rules, not tuned"));
  }
  RunSpec asked;
  ASSAY_RETURN_IF_ERROR(ParseRunText(report.identity().spec(), &asked));
  tuning.mode = asked.measure().tune();
  return tuning;
}

// The flags that say how candidates are timed.
absl::Status OverrideMeasure(const Args& args, MeasureSpec* measure) {
  const auto set = [&](absl::string_view flag, auto* field) {
    if (!args.Given(flag)) return;
    const std::vector<std::string> words = Words(args, flag);
    field->Assign(words.begin(), words.end());
  };
  set("scenario", measure->mutable_scenarios());
  set("cache", measure->mutable_caches());
  set("beside", measure->mutable_other_backends());
  for (const std::string& backend : measure->other_backends()) {
    ASSAY_RETURN_IF_ERROR(MakeDevice(backend).status());
  }
  if (args.Given("batch")) {
    ASSAY_RETURN_IF_ERROR(OverrideBatches(args, measure));
  }
  if (args.Given("queries")) {
    ASSAY_ASSIGN_OR_RETURN(const int64_t queries, args.Int("queries"));
    measure->set_queries(static_cast<int32_t>(
        std::clamp<int64_t>(queries, -1, std::numeric_limits<int32_t>::max())));
  }
  if (args.Given("qps")) {
    ASSAY_ASSIGN_OR_RETURN(const double qps, args.Real("qps"));
    measure->set_server_qps(qps);
  }
  if (args.Given("latency_bound_ms")) {
    ASSAY_ASSIGN_OR_RETURN(const double ms, args.Real("latency_bound_ms"));
    measure->set_latency_bound_ns(
        static_cast<int64_t>(std::clamp(ms * 1e6, -1.0, 1e18)));
  }
  if (args.Given("energy_error")) {
    ASSAY_ASSIGN_OR_RETURN(const double error, args.Real("energy_error"));
    measure->set_energy_error(error);
  }
  if (args.Given("tune")) {
    ASSAY_ASSIGN_OR_RETURN(const Tuning tuning, TuningOf(args));
    measure->set_tune(tuning.mode);
  }
  if (args.Switch("accuracy_only")) measure->set_skip(true);
  if (args.Switch("audit")) measure->set_audit(true);
  if (args.Switch("same_allowance")) measure->set_same_allowance(true);
  return PlanSessions(*measure).status();
}

absl::Status Override(const Args& args, Suite* suite) {
  if (args.Given("backend")) suite->set_backend(args.Text("backend"));
  if (args.Given("precision")) {
    suite->set_training_precision(args.Text("precision"));
  }
  if (args.Given("seed")) {
    ASSAY_ASSIGN_OR_RETURN(auto seeds, ParseSeeds(args.Text("seed")));
    for (Block& block : *suite->mutable_blocks()) {
      block.mutable_seeds()->Assign(seeds.begin(), seeds.end());
    }
  }
  ASSAY_RETURN_IF_ERROR(OverrideMeasure(args, suite->mutable_measure()));
  for (Block& block : *suite->mutable_blocks()) {
    if (!block.has_measure()) continue;
    ASSAY_RETURN_IF_ERROR(OverrideMeasure(args, block.mutable_measure()));
  }
  return absl::OkStatus();
}

std::string NameOf(const RunSpec& spec) {
  return absl::StrCat(spec.label(), " on ", spec.task(), ", seed ",
                      spec.seed());
}

// Flags that change what a suite asks for.
std::string OverridesOf(const Args& args) {
  std::string flags;
  for (const char* name :
       {"backend", "precision", "scenario", "batch", "cache", "beside",
        "queries", "qps", "latency_bound_ms", "energy_error", "tune"}) {
    if (args.Given(name)) {
      absl::StrAppend(&flags, " --", name, "=", args.Text(name));
    }
  }
  for (const char* name : {"accuracy_only", "audit", "same_allowance"}) {
    if (args.Switch(name)) absl::StrAppend(&flags, " --", name);
  }
  return flags;
}

// A command line that repeats one run of this sweep.
std::string CommandOf(const Args& args, const RunSpec& spec) {
  std::string command = "tools/bazelw run //:assay -- run";
  if (!args.Given("method")) {
    if (args.Given("seed")) {
      absl::StrAppend(&command, " --seed=", spec.seed());
    }
    return absl::StrCat(command, " ", args.positional()[0], " --only='",
                        NameOf(spec), "'", OverridesOf(args),
                        NetworkFlagsText(args));
  }
  absl::StrAppend(&command, " --method=", spec.method(),
                  " --task=", spec.task(), " --seed=", spec.seed());
  for (const std::string& text : args.Texts("param")) {
    absl::StrAppend(&command, " --param='", text, "'");
  }
  for (const std::string& text : args.Texts("budget")) {
    absl::StrAppend(&command, " --budget=", text);
  }
  return absl::StrCat(command, OverridesOf(args), NetworkFlagsText(args));
}

absl::StatusOr<std::vector<RunSpec>> PlanRuns(const Args& args,
                                              const Suite& suite) {
  ASSAY_ASSIGN_OR_RETURN(std::vector<RunSpec> all, ExpandSuite(suite));
  ASSAY_ASSIGN_OR_RETURN(const Tuning tuning, TuningOf(args));
  const auto& tuned = tuning.repeated.tuned();
  const std::string only = args.Text("only");
  const bool whole_name =
      std::any_of(all.begin(), all.end(),
                  [&](const RunSpec& spec) { return NameOf(spec) == only; });
  std::vector<RunSpec> specs;
  for (RunSpec& spec : all) {
    const std::string name = NameOf(spec);
    if (whole_name ? name != only : !absl::StrContains(name, only)) continue;
    ASSAY_ASSIGN_OR_RETURN(std::string plugin,
                           PluginFileOf(spec.method(), args.Text("plugin")));
    spec.set_plugin_path(plugin);
    spec.set_data_dir(DataFolder(args.Text("data_dir")));
    spec.set_cache_dir(CacheFolder(args.Text("cache_dir")));
    *spec.mutable_tuned() = tuned;
    for (const std::string& meter : args.Texts("meter")) {
      spec.add_external_meters(meter);
    }
    spec.set_command_line(CommandOf(args, spec));
    specs.push_back(std::move(spec));
  }
  if (specs.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("no run's name contains '", args.Text("only"), "'"));
  }
  ASSAY_RETURN_IF_ERROR(ApplyNetworkFlags(args, &specs));
  return specs;
}

// --- What the user sees.

void SayStart(size_t index, size_t total, const RunSpec& spec) {
  absl::FPrintF(stderr, "[%d/%d] %s\n", index + 1, total, NameOf(spec));
}

void SayEnd(const SweepRow& row) {
  if (row.state == SweepRow::kNoReport) {
    absl::FPrintF(stderr, "      no report: %s\n", row.failure.message());
    return;
  }
  const Outcome& outcome = row.report.outcome();
  const char* again = row.state == SweepRow::kHadRun ? " (done before)" : "";
  if (outcome.status() == Outcome::OK) {
    absl::FPrintF(stderr, "      ok%s\n", again);
    return;
  }
  absl::FPrintF(stderr, "      %s in %s%s: %s\n",
                Outcome::Status_Name(outcome.status()),
                Outcome::Stage_Name(outcome.stage()), again, outcome.message());
}

int CodeOf(const std::vector<SweepRow>& rows) {
  int code = kExitOk;
  for (const SweepRow& row : rows) {
    if (row.state == SweepRow::kStopped ||
        row.report.outcome().status() == Outcome::ABORTED) {
      return kExitInterrupted;
    }
    if (row.state == SweepRow::kNoReport) {
      code = kExitError;
    } else if (row.report.outcome().status() != Outcome::OK &&
               code == kExitOk) {
      code = kExitFinding;
    }
  }
  return code;
}

absl::StatusOr<int> RunAll(const Args& args) {
  ASSAY_ASSIGN_OR_RETURN(const ReportFormat* format,
                         FindReportFormat(args.Text("format")));
  ASSAY_ASSIGN_OR_RETURN(Suite suite, ChooseSuite(args));
  ASSAY_RETURN_IF_ERROR(Override(args, &suite));
  ASSAY_ASSIGN_OR_RETURN(std::vector<RunSpec> specs, PlanRuns(args, suite));

  SweepOptions options;
  options.folder = JoinPath(UserPath(args.Text("out")), suite.name());
  options.fresh = args.Switch("fresh");
  options.retry = args.Switch("retry");
  options.stop = StopOnInterrupt();
  options.on_start = SayStart;
  options.on_end = [](size_t, size_t, const SweepRow& row) { SayEnd(row); };
  options.on_warning = [](const absl::Status& status) {
    absl::FPrintF(stderr, "assay run: %s\n", status.message());
  };
  LocalExecutor executor(ThisExecutable(), options.stop);
  ASSAY_ASSIGN_OR_RETURN(std::vector<SweepRow> rows,
                         RunSweep(specs, options, executor));

  std::vector<Report> reports;
  for (SweepRow& row : rows) {
    if (row.state == SweepRow::kRan || row.state == SweepRow::kHadRun) {
      reports.push_back(row.report);
    }
  }
  ASSAY_ASSIGN_OR_RETURN(std::string table, format->many(reports));
  std::fputs(table.c_str(), stdout);
  const int code = CodeOf(rows);
  if (code == kExitInterrupted) {
    absl::FPrintF(stderr,
                  "assay run: interrupted; every finished report is whole, and "
                  "the same command goes on with the rest\n");
  }
  absl::FPrintF(stderr, "reports: %s (assay show REPORT)\n", options.folder);
  return code;
}

int Run(const Args& args) {
  auto code = RunAll(args);
  return code.ok() ? *code : Complain("run", code.status());
}

}  // namespace

extern const Command kRunCommand = {
    "run",
    "run SUITE [flags] | run --method=NAME --task=NAME [flags]",
    "run a suite, or one method on a task, and write reports",
    "SUITE is a name that `assay list suites` shows, or a textproto file.\n"
    "Each run trains (or finds) the task's reference network, lets the method\n"
    "compress it in a process of its own, scores what came out on the test\n"
    "split in another, and writes DIR/SUITE/TASK/LABEL/seed-N/ID/report.pb.\n"
    "What is done is not done again: after Ctrl-C the same command goes on.\n"
    "With --network a classifier of yours (.onnx, .tflite) is the reference: "
    "it\n"
    "is scored, compressed and fine-tuned as the task's own would be.",
    kFlags,
    Run,
    /*place=*/10,
};

}  // namespace assay
