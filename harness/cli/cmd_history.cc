// assay history: reports over time, where they changed, and which commit did.
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "harness/cli/bisect_run.h"
#include "harness/cli/command.h"
#include "harness/cli/git.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/places.h"
#include "harness/cli/table.h"
#include "harness/core/status_macros.h"
#include "harness/report/history/bisect.h"
#include "harness/report/history/change_points.h"
#include "harness/report/history/history.h"

namespace assay {
namespace {

constexpr FlagSpec kFlags[] = {
    {"db", "FILE", "assay-results/history.sqlite", "where the index lies"},
    {"experiment", "TEXT", "", "only experiments that contain it"},
    {"network", "TEXT", "", "only networks that contain it (dense, ...)"},
    {"machine", "TEXT", "", "only machines whose fingerprint contains it"},
    {"alpha", "P", "0.01", "chance of a change where there is none"},
    {"min_segment", "N", "5", "points on each side of a change, at least"},
    {"min_change", "R", "0.01", "relative changes below it are not told"},
    {"points", "", "", "show: print every point, too"},
    {"gate", "", "",
     "show: exit code 1 where the newest segment of a series is worse"},
    {"good", "COMMIT", "", "bisect: one that was good"},
    {"bad", "COMMIT", "", "bisect: a later one that was bad"},
    {"repository", "DIR", ".", "bisect: where git finds the commits"},
    {"run", "COMMAND", "", "bisect: run it at one commit after the other"},
    {"work", "DIR", "assay-results/bisect",
     "bisect --run: what is known by now; the same command goes on from it"},
    {"format", "text|json", "text", "how to print"},
};

// To add to it.
absl::StatusOr<History> OpenHistory(const Args& args) {
  return History::Open(UserPath(args.Text("db")));
}

absl::StatusOr<History> ReadHistory(const Args& args) {
  auto history = History::OpenExisting(UserPath(args.Text("db")));
  if (!absl::IsNotFound(history.status())) return history;
  return absl::NotFoundError(
      absl::StrCat(history.status().message(),
                   "; `assay history index DIR` makes one of the reports below "
                   "DIR"));
}

absl::StatusOr<int> Index(const Args& args,
                          const std::vector<std::string>& folders) {
  if (folders.empty()) {
    return absl::InvalidArgumentError("history index expects folders");
  }
  ASSAY_ASSIGN_OR_RETURN(History history, OpenHistory(args));
  int code = kExitOk;
  for (const std::string& folder : folders) {
    ASSAY_ASSIGN_OR_RETURN(const IndexCounts counts,
                           history.IndexFolder(UserPath(folder)));
    absl::PrintF("%s: %d read, %d unchanged, %d gone\n", folder, counts.read,
                 counts.unchanged, counts.gone);
    for (const std::string& problem : counts.problems) {
      absl::FPrintF(stderr, "assay history: %s\n", problem);
      code = kExitFinding;
    }
  }
  return code;
}

absl::StatusOr<ChangePointOptions> OptionsOf(const Args& args) {
  ChangePointOptions options;
  ASSAY_ASSIGN_OR_RETURN(options.alpha, args.Real("alpha"));
  ASSAY_ASSIGN_OR_RETURN(options.min_change, args.Real("min_change"));
  ASSAY_ASSIGN_OR_RETURN(const uint64_t segment, args.Unsigned("min_segment"));
  if (segment < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("--min_segment must be at least 2, got ", segment));
  }
  if (!(options.alpha > 0.0 && options.alpha < 1.0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--alpha must be in (0, 1), got ", options.alpha));
  }
  options.min_segment = static_cast<size_t>(segment);
  return options;
}

absl::StatusOr<std::vector<Series>> FindSeries(const Args& args,
                                               const std::string& metric) {
  ASSAY_ASSIGN_OR_RETURN(const History history, ReadHistory(args));
  SeriesFilter filter;
  filter.metric = metric;
  filter.experiment = args.Text("experiment");
  filter.candidate = args.Text("network");
  filter.machine = args.Text("machine");
  ASSAY_ASSIGN_OR_RETURN(std::vector<Series> series, history.Find(filter));
  if (series.empty()) {
    return absl::NotFoundError(
        absl::StrCat("no series of '", metric,
                     "' in the index; `assay history show` lists what there "
                     "is, `assay history index DIR` adds to it"));
  }
  return series;
}

absl::StatusOr<int> ListMetrics(const Args& args, Format format) {
  ASSAY_ASSIGN_OR_RETURN(const History history, ReadHistory(args));
  ASSAY_ASSIGN_OR_RETURN(const auto metrics, history.Metrics());
  if (metrics.empty()) {
    return absl::NotFoundError(
        absl::StrCat(args.Text("db"),
                     ": no reports are indexed; `assay history index DIR` "
                     "adds those below DIR"));
  }
  Table table({"metric", "series", "points"});
  for (const auto& one : metrics) {
    table.Add({one.metric, absl::StrCat(one.series), absl::StrCat(one.points)});
  }
  std::fputs(table.Render(format).c_str(), stdout);
  return kExitOk;
}

std::string Day(int64_t seconds) {
  return absl::FormatTime("%Y-%m-%d %H:%M", absl::FromUnixSeconds(seconds),
                          absl::UTCTimeZone());
}

std::string Revision(const SeriesPoint& point) {
  return absl::StrCat(point.revision.substr(0, 12),
                      point.modified ? " modified" : "");
}

bool IsWorse(const Series& series, const ChangePoint& change) {
  return change.after != change.before &&
         (change.after > change.before) == series.less_is_better;
}

// A point with what happened there and the value to tell.
std::vector<std::string> Row(const Series& series, size_t i,
                             const std::string& event, double value) {
  const SeriesPoint& point = series.points[i];
  return {series.experiment,
          series.candidate,
          series.metric,
          series.machine.substr(0, 8),
          absl::StrCat(series.points.size()),
          event,
          Day(point.finished_seconds),
          Revision(point),
          absl::StrFormat("%.6g", value)};
}

void AddChange(const Series& series, const ChangePoint& change, Table* table) {
  const char* event = change.after == change.before ? "SPREAD"
                      : IsWorse(series, change)     ? "WORSE"
                                                    : "BETTER";
  std::vector<std::string> row = Row(series, change.at, event, change.after);
  row.push_back(absl::StrFormat("%.6g", change.before));
  row.push_back(absl::StrFormat("%.3g", change.p_value));
  table->Add(std::move(row));
}

// The rows of one series; whether its newest segment is worse than the one
// before.
bool AddSeries(const Series& series, const ChangePointOptions& options,
               bool all_points, Table* table) {
  std::vector<double> values;
  for (const SeriesPoint& point : series.points) values.push_back(point.value);
  const std::vector<ChangePoint> changes = FindChangePoints(values, options);
  auto change = changes.begin();
  for (size_t i = 0; i < values.size(); ++i) {
    if (change != changes.end() && change->at == i) {
      AddChange(series, *change++, table);
    }
    if (!all_points && i + 1 < values.size()) continue;
    std::vector<std::string> row =
        Row(series, i, i + 1 == values.size() ? "newest" : "", values[i]);
    row.resize(11);
    table->Add(std::move(row));
  }
  return !changes.empty() && IsWorse(series, changes.back());
}

absl::StatusOr<int> Show(const Args& args,
                         const std::vector<std::string>& metrics,
                         Format format) {
  if (metrics.empty()) return ListMetrics(args, format);
  ASSAY_ASSIGN_OR_RETURN(const ChangePointOptions options, OptionsOf(args));
  Table table({"experiment", "network", "metric", "machine", "points", "event",
               "finished", "revision", "value", "before", "p"});
  bool worse = false;
  for (const std::string& metric : metrics) {
    ASSAY_ASSIGN_OR_RETURN(const std::vector<Series> found,
                           FindSeries(args, metric));
    for (const Series& series : found) {
      if (AddSeries(series, options, args.Switch("points"), &table)) {
        worse = true;
      }
    }
  }
  std::fputs(table.Render(format).c_str(), stdout);
  return worse && args.Switch("gate") ? kExitFinding : kExitOk;
}

// Reports may state an abbreviated name.
const std::string* CommitOf(const std::string& revision,
                            const std::vector<std::string>& commits) {
  if (revision.size() < 7) return nullptr;
  for (const std::string& commit : commits) {
    if (absl::StartsWith(commit, revision)) return &commit;
  }
  return nullptr;
}

ValuesByCommit ValuesOf(const Series& series,
                        const std::vector<std::string>& commits) {
  ValuesByCommit values;
  for (const SeriesPoint& point : series.points) {
    const std::string* commit =
        point.modified ? nullptr : CommitOf(point.revision, commits);
    if (commit != nullptr) values[*commit].push_back(point.value);
  }
  return values;
}

absl::StatusOr<Series> OneSeries(const Args& args, const std::string& metric) {
  ASSAY_ASSIGN_OR_RETURN(std::vector<Series> found, FindSeries(args, metric));
  if (found.size() == 1) return std::move(found[0]);
  return absl::InvalidArgumentError(absl::StrCat(
      "'", metric, "' is ", found.size(),
      " series; choose one with --experiment, --network and --machine: ",
      found[0].experiment, " / ", found[0].candidate, " / ",
      found[0].machine.substr(0, 8), ", ..."));
}

int Tell(const BisectStep& step) {
  absl::PrintF("last good:  %s\nfirst bad:  %s\n", step.last_good,
               step.first_bad);
  if (!step.next.empty()) {
    absl::PrintF(
        "suspects:   %d\nnext:       %s\nrun it there, then `assay history "
        "index` its reports, and ask again; or let --run do it\n",
        step.suspects, step.next);
    return kExitOk;
  }
  if (step.skipped.empty()) {
    absl::PrintF("%s changed it\n", step.first_bad);
    return kExitOk;
  }
  absl::PrintF("it, or one of those that could not be judged:\n%s\n",
               absl::StrJoin(step.skipped, "\n"));
  return kExitFinding;
}

// Of a metric, whose values the reports of the command give, or of the
// command's exit codes.
absl::StatusOr<int> BisectByRunning(const Args& args, const std::string& metric,
                                    const std::vector<std::string>& commits) {
  BisectRunOptions options;
  options.repository = UserPath(args.Text("repository"));
  options.command = args.Text("run");
  options.folder = UserPath(args.Text("work"));
  options.stop = StopOnInterrupt();
  options.say = [](absl::string_view line) {
    absl::FPrintF(stderr, "assay history bisect: %s\n", line);
  };
  if (!metric.empty()) {
    options.measured =
        [&](const std::string& reports) -> absl::StatusOr<ValuesByCommit> {
      if (!reports.empty()) {
        ASSAY_ASSIGN_OR_RETURN(History history, OpenHistory(args));
        ASSAY_RETURN_IF_ERROR(history.IndexFolder(reports).status());
      }
      const auto series = OneSeries(args, metric);
      if (absl::IsNotFound(series.status())) return ValuesByCommit();
      ASSAY_RETURN_IF_ERROR(series.status());
      return ValuesOf(*series, commits);
    };
  }
  const auto step = RunBisect(options, commits);
  if (absl::IsCancelled(step.status())) {
    absl::FPrintF(stderr, "assay history bisect: %s\n",
                  step.status().message());
    return kExitInterrupted;
  }
  ASSAY_RETURN_IF_ERROR(step.status());
  return Tell(*step);
}

absl::StatusOr<int> Bisect(const Args& args,
                           const std::vector<std::string>& metrics) {
  const bool run = args.Given("run");
  if (metrics.size() > 1 || (metrics.empty() && !run) || !args.Given("good") ||
      !args.Given("bad")) {
    return absl::InvalidArgumentError(
        "history bisect expects one METRIC (or --run without one), --good and "
        "--bad");
  }
  ASSAY_ASSIGN_OR_RETURN(const std::vector<std::string> commits,
                         CommitsBetween(UserPath(args.Text("repository")),
                                        args.Text("good"), args.Text("bad")));
  if (run) {
    return BisectByRunning(args, metrics.empty() ? "" : metrics[0], commits);
  }
  ASSAY_ASSIGN_OR_RETURN(const Series series, OneSeries(args, metrics[0]));
  ASSAY_ASSIGN_OR_RETURN(const BisectStep step,
                         NextToMeasure(commits, ValuesOf(series, commits)));
  return Tell(step);
}

absl::StatusOr<int> Dispatch(const Args& args) {
  const std::vector<std::string>& words = args.positional();
  ASSAY_ASSIGN_OR_RETURN(const Format format, ParseFormat(args.Text("format")));
  const std::string verb = words.empty() ? "" : words[0];
  const std::vector<std::string> rest(words.begin() + (words.empty() ? 0 : 1),
                                      words.end());
  if (verb == "index") return Index(args, rest);
  if (verb == "show") return Show(args, rest, format);
  if (verb == "bisect") return Bisect(args, rest);
  return absl::InvalidArgumentError(
      absl::StrCat("expects index, show or bisect, got '", verb, "'"));
}

int Run(const Args& args) {
  auto code = Dispatch(args);
  return code.ok() ? *code : Complain("history", code.status());
}

}  // namespace

extern const Command kHistoryCommand = {
    "history",
    "history index DIR... | show [METRIC...] | bisect [METRIC]",
    "follow metrics over many reports, and find what changed them",
    "index   reads new and changed reports below DIR into a database\n"
    "show    lists the metrics, or of those that contain METRIC the points at\n"
    "        which a series changed, with the new median and the old one;\n"
    "        another machine starts another series\n"
    "bisect  says which commit between --good and --bad to measure next, or\n"
    "        with --run finds it: COMMAND runs in a work tree of each commit.\n"
    "        Its exit code judges (0 good, 125 skip, others to 127 bad), or\n"
    "        METRIC of the reports that it puts into $ASSAY_BISECT_OUT",
    kFlags,
    Run,
    /*place=*/110,
};

}  // namespace assay
