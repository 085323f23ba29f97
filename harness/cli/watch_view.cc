#include "harness/cli/watch_view.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "harness/core/progress.h"
#include "harness/sweep/status.pb.h"

namespace assay {
namespace {

constexpr absl::Duration kSilent = absl::Seconds(15);
constexpr size_t kBarWidth = 20;

absl::Time TimeOf(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) +
         absl::Nanoseconds(time.nanos());
}

bool Ended(const RunStatus& run) {
  return run.state() == RunStatus::ENDED ||
         run.state() == RunStatus::HAD_REPORT ||
         run.state() == RunStatus::NO_REPORT;
}

bool Failed(const RunStatus& run) { return Ended(run) && run.status() != "OK"; }

struct Counts {
  size_t all = 0, ended = 0, failed = 0, waiting = 0, had = 0;
};

Counts Count(const SweepStatus& sweep) {
  Counts counts;
  for (const RunStatus& run : sweep.runs()) {
    ++counts.all;
    counts.ended += Ended(run);
    counts.failed += Failed(run);
    counts.waiting += run.state() == RunStatus::WAITING;
    counts.had += run.state() == RunStatus::HAD_REPORT;
  }
  return counts;
}

const RunStatus* Running(const SweepStatus& sweep) {
  for (const RunStatus& run : sweep.runs()) {
    if (run.state() == RunStatus::RUNNING) return &run;
  }
  return nullptr;
}

std::string Bar(double fraction, size_t width) {
  const double filled =
      std::clamp(fraction, 0.0, 1.0) * static_cast<double>(width);
  const auto full = static_cast<size_t>(filled);
  std::string bar(full, '=');
  if (full < width) bar += '>';
  bar.resize(width, ' ');
  return absl::StrCat("[", bar, "]");
}

absl::Duration SpentOn(const RunStatus& run) {
  return TimeOf(run.finished()) - TimeOf(run.started());
}

// From the mean of what ran in this sweep; empty before anything did.
std::string TimeLeft(const SweepStatus& sweep, absl::Time now) {
  absl::Duration spent;
  int64_t ran = 0, waiting = 0;
  for (const RunStatus& run : sweep.runs()) {
    if (run.state() == RunStatus::ENDED) {
      spent += SpentOn(run);
      ++ran;
    }
    waiting += run.state() == RunStatus::WAITING;
  }
  if (ran == 0) return "";
  const absl::Duration mean = spent / ran;
  absl::Duration left = mean * waiting;
  if (const RunStatus* run = Running(sweep); run != nullptr) {
    left +=
        std::max(absl::ZeroDuration(), mean - (now - TimeOf(run->started())));
  }
  return absl::StrCat("about ", HumanDuration(left), " left");
}

std::string QualityOf(const NetworkStatus& network) {
  const bool fraction = network.unit() == "fraction";
  const double scale = fraction ? 100 : 1;
  const auto number = [&](double value) {
    return absl::StrFormat(fraction ? "%.2f" : "%.3f", value * scale);
  };
  std::string text = absl::StrCat(number(network.value()), " ",
                                  fraction ? std::string("%") : network.unit());
  if (network.low() < network.high()) {
    absl::StrAppend(&text, " (", number(network.low()), "-",
                    number(network.high()), ")");
  }
  if (!network.budgets_met()) absl::StrAppend(&text, ", budget missed");
  return text;
}

std::string ResultOf(const RunStatus& run) {
  if (run.state() == RunStatus::NO_REPORT) {
    return absl::StrCat("no report: ", run.message());
  }
  if (Failed(run)) {
    return absl::StrCat(run.status(), " in ", run.stage(), ": ", run.message());
  }
  std::vector<std::string> parts;
  for (const NetworkStatus& network : run.candidates()) {
    parts.push_back(QualityOf(network));
  }
  if (run.verdict() == "INVALID") parts.push_back("timings invalid");
  return parts.empty() ? "no candidate" : absl::StrJoin(parts, "; ");
}

std::string ResultLine(const RunStatus& run) {
  const std::string time = run.state() == RunStatus::HAD_REPORT
                               ? "before"
                               : HumanDuration(SpentOn(run));
  return absl::StrFormat("  %-6s  %s  %s  %s", Failed(run) ? "FAILED" : "ok",
                         run.name(), time, ResultOf(run));
}

// The newest first.
std::vector<std::string> Results(const SweepStatus& sweep) {
  std::vector<const RunStatus*> ended;
  for (const RunStatus& run : sweep.runs()) {
    if (Ended(run)) ended.push_back(&run);
  }
  std::stable_sort(ended.begin(), ended.end(),
                   [](const RunStatus* a, const RunStatus* b) {
                     return TimeOf(a->finished()) > TimeOf(b->finished());
                   });
  std::vector<std::string> lines;
  for (const RunStatus* run : ended) lines.push_back(ResultLine(*run));
  return lines;
}

std::vector<std::string> Warnings(const SweepStatus& sweep) {
  std::map<std::pair<std::string, std::string>, int> runs;
  for (const RunStatus& run : sweep.runs()) {
    if (run.verdict().empty() || run.verdict() == "VALID") continue;
    ++runs[{run.verdict(), absl::StrJoin(run.reasons(), ", ")}];
  }
  std::vector<std::string> lines;
  for (const auto& [what, count] : runs) {
    lines.push_back(
        absl::StrCat("  timings ", what.first, " in ", count,
                     count == 1 ? " run: " : " runs: ", what.second));
  }
  return lines;
}

std::vector<std::string> Waiting(const SweepStatus& sweep) {
  std::vector<std::string> lines;
  for (const RunStatus& run : sweep.runs()) {
    if (run.state() == RunStatus::WAITING) lines.push_back("  " + run.name());
  }
  return lines;
}

std::vector<std::string> Head(const Watched& watched, absl::Time now) {
  const SweepStatus& sweep = *watched.sweep;
  const Counts counts = Count(sweep);
  const double done = counts.all == 0 ? 1.0
                                      : static_cast<double>(counts.ended) /
                                            static_cast<double>(counts.all);
  const bool running = sweep.state() == SweepStatus::RUNNING && !watched.gone;
  const absl::Time until = running ? now : TimeOf(sweep.updated());
  std::string bar = absl::StrCat(
      Bar(done, kBarWidth), absl::StrFormat(" %.0f %%  ", done * 100),
      HumanDuration(
          std::max(absl::ZeroDuration(), until - TimeOf(sweep.started()))));
  const std::string left = running ? TimeLeft(sweep, now) : "";
  if (!left.empty()) absl::StrAppend(&bar, "  ", left);
  return {CountLine(watched), bar};
}

std::vector<std::string> Current(const Watched& watched, absl::Time now) {
  const RunStatus* run = Running(*watched.sweep);
  if (run == nullptr || watched.gone) return {};
  std::vector<std::string> lines = {
      absl::StrCat("running  ", run->name(), "  ",
                   HumanDuration(std::max(absl::ZeroDuration(),
                                          now - TimeOf(run->started()))))};
  // What an earlier attempt left says nothing of this one.
  const bool fresh = watched.phase != nullptr &&
                     TimeOf(watched.phase->updated()) >= TimeOf(run->started());
  lines.push_back(
      absl::StrCat("  ", fresh ? PhaseLine(*watched.phase, now)
                               : std::string("nothing heard of it yet")));
  return lines;
}

// Printable ASCII, and cut where it would wrap.
std::string Fit(absl::string_view text, size_t columns) {
  std::string line(text.substr(0, columns));
  for (char& c : line) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  if (text.size() > columns && columns > 3) {
    line.replace(columns - 3, 3, "...");
  }
  return line;
}

// Sections by which room is shared: a title and at least one of its lines, or
// nothing.
void Append(const std::string& title, const std::vector<std::string>& body,
            size_t rows, std::vector<std::string>* lines) {
  const size_t least = body.size() == 1 ? 3 : 4;
  if (body.empty() || lines->size() + least > rows) return;
  lines->push_back("");
  lines->push_back(title);
  const size_t room = rows - lines->size();
  const size_t shown = body.size() <= room ? body.size() : room - 1;
  lines->insert(lines->end(), body.begin(),
                body.begin() + static_cast<std::ptrdiff_t>(shown));
  if (shown < body.size()) {
    lines->push_back(absl::StrCat("  and ", body.size() - shown, " more"));
  }
}

}  // namespace

std::string CountLine(const Watched& watched) {
  const SweepStatus& sweep = *watched.sweep;
  const Counts counts = Count(sweep);
  std::string line = absl::StrCat(
      sweep.suite().empty() ? "sweep" : sweep.suite(), ": ", counts.ended,
      " of ", counts.all, counts.all == 1 ? " run" : " runs", " done");
  if (counts.had > 0) absl::StrAppend(&line, " (", counts.had, " before)");
  if (counts.failed > 0) absl::StrAppend(&line, ", ", counts.failed, " failed");
  if (counts.waiting > 0) {
    absl::StrAppend(&line, ", ", counts.waiting, " waiting");
  }
  if (sweep.state() == SweepStatus::STOPPED) {
    absl::StrAppend(&line, "; stopped, the same command goes on");
  } else if (watched.gone) {
    absl::StrAppend(&line, "; its process (", sweep.pid(),
                    ") is gone, the same command goes on");
  }
  return line;
}

std::string PhaseLine(const PhaseStatus& phase, absl::Time now) {
  std::string line = absl::StrCat(phase.process(), ": ", phase.label(), "  ");
  const auto done = static_cast<double>(phase.done());
  const auto total = static_cast<double>(phase.total());
  if (phase.finished()) {
    absl::StrAppend(&line, phase.done(), " ", phase.unit(), " in ",
                    HumanDuration(absl::Seconds(phase.seconds())));
    return line;
  }
  if (phase.total() > 0) {
    absl::StrAppend(
        &line, Bar(done / total, 10),
        absl::StrFormat(" %.0f %%  ", std::min(100.0, 100 * done / total)),
        phase.done(), "/", phase.total(), " ", phase.unit());
  } else {
    absl::StrAppend(&line, phase.done(), " ", phase.unit());
  }
  if (phase.total() > phase.done() && phase.done() > 0) {
    const double left = phase.seconds() * (total - done) / done;
    absl::StrAppend(&line, "  ", HumanDuration(absl::Seconds(left)), " left");
  }
  if (!phase.note().empty()) absl::StrAppend(&line, "  ", phase.note());
  const absl::Duration silence = now - TimeOf(phase.updated());
  if (silence > kSilent) {
    absl::StrAppend(&line, "  (heard ", HumanDuration(silence), " ago)");
  }
  return line;
}

std::vector<std::string> WatchLines(const Watched& watched, absl::Time now,
                                    size_t columns, size_t rows) {
  std::vector<std::string> lines = Head(watched, now);
  const std::vector<std::string> current = Current(watched, now);
  if (!current.empty() && rows >= lines.size() + 1 + current.size()) {
    lines.push_back("");
    lines.insert(lines.end(), current.begin(), current.end());
  }
  // The warnings are few and must be seen; what waits takes what is left.
  const std::vector<std::string> warnings = Warnings(*watched.sweep);
  const size_t kept = warnings.empty() ? 0 : warnings.size() + 2;
  Append("last results", Results(*watched.sweep), rows > kept ? rows - kept : 0,
         &lines);
  Append("warnings", warnings, rows, &lines);
  Append("waiting", Waiting(*watched.sweep), rows, &lines);
  if (lines.size() > rows) lines.resize(rows);
  for (std::string& line : lines) line = Fit(line, columns);
  return lines;
}

std::vector<std::string> WatchNews(const SweepStatus* before,
                                   const Watched& watched, absl::Time now) {
  std::vector<std::string> lines;
  const SweepStatus& sweep = *watched.sweep;
  for (int i = 0; i < sweep.runs_size(); ++i) {
    const RunStatus& run = sweep.runs(i);
    const bool known = before != nullptr && i < before->runs_size();
    if (known && before->runs(i).state() == run.state()) continue;
    const std::string place =
        absl::StrCat("[", i + 1, "/", sweep.runs_size(), "]");
    if (Ended(run)) lines.push_back(absl::StrCat(place, ResultLine(run)));
    if (run.state() == RunStatus::RUNNING) {
      lines.push_back(absl::StrCat(place, "  running ", run.name()));
    }
  }
  const bool over = sweep.state() != SweepStatus::RUNNING || watched.gone;
  if (over) {
    for (const std::string& line : Head(watched, now)) lines.push_back(line);
    for (const std::string& line : Warnings(sweep)) lines.push_back(line);
  }
  for (std::string& line : lines) line = Fit(line, line.size());
  return lines;
}

int WatchExitCode(const Watched& watched) {
  const bool cut_short =
      watched.sweep->state() == SweepStatus::STOPPED || watched.gone;
  return cut_short || Count(*watched.sweep).failed > 0 ? 1 : 0;
}

}  // namespace assay
