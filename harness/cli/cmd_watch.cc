// assay watch: a running suite, live.
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "harness/cli/command.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/places.h"
#include "harness/cli/screen.h"
#include "harness/cli/watch_view.h"
#include "harness/core/file.h"
#include "harness/core/status_macros.h"
#include "harness/sweep/status.pb.h"
#include "harness/sweep/status_file.h"

namespace assay {
namespace {

constexpr int kLookMs = 250;
constexpr absl::Duration kPlainLine = absl::Seconds(10);

constexpr FlagSpec kFlags[] = {
    {"once", "", "", "say how far it is, and end"},
};

// `folder` itself, or of the folders in it the one whose sweep was last heard
// of.
absl::StatusOr<std::string> SweepFolder(const std::string& folder) {
  if (FileExists(JoinPath(folder, kStatusFile))) return folder;
  ASSAY_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                         ListFolder(folder));
  std::string newest;
  std::pair<int64_t, int32_t> heard;
  for (const std::string& name : names) {
    const std::string path = JoinPath(folder, name);
    const auto status = ReadSweepStatus(path);
    if (!status.ok()) continue;
    const std::pair when(status->updated().seconds(),
                         status->updated().nanos());
    if (newest.empty() || when > heard) {
      newest = path;
      heard = when;
    }
  }
  if (!newest.empty()) return newest;
  return absl::NotFoundError(absl::StrCat("no suite runs or ran in ", folder,
                                          ": no ", kStatusFile,
                                          " in it or in a folder of it"));
}

bool ProcessIsGone(const SweepStatus& sweep) {
  char host[256] = {};
  if (sweep.state() != SweepStatus::RUNNING || sweep.pid() <= 0 ||
      gethostname(host, sizeof(host) - 1) != 0 || sweep.host() != host) {
    return false;  // nothing can be said of another machine's
  }
  return kill(static_cast<pid_t>(sweep.pid()), 0) != 0 && errno == ESRCH;
}

// The files of a sweep, read again and again.
class Look {
 public:
  explicit Look(std::string folder) : folder_(std::move(folder)) {}

  absl::Status Again() {
    // Before the file: a process that ends in between has written its last.
    const bool gone = sweep_.has_value() && ProcessIsGone(*sweep_);
    ASSAY_ASSIGN_OR_RETURN(SweepStatus sweep, ReadSweepStatus(folder_));
    gone_ = gone && ProcessIsGone(sweep);
    sweep_ = std::move(sweep);
    phase_.reset();
    for (const RunStatus& run : sweep_->runs()) {
      if (run.state() != RunStatus::RUNNING) continue;
      auto phase = ReadPhaseStatus(JoinPath(folder_, run.folder()));
      if (phase.ok()) phase_ = *std::move(phase);
    }
    return absl::OkStatus();
  }

  Watched watched() const {
    return {&*sweep_, phase_.has_value() ? &*phase_ : nullptr, gone_};
  }
  bool over() const { return gone_ || sweep_->state() != SweepStatus::RUNNING; }

 private:
  const std::string folder_;
  std::optional<SweepStatus> sweep_;
  std::optional<PhaseStatus> phase_;
  bool gone_ = false;
};

void Print(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

std::vector<std::string> WholePage(const Look& look) {
  constexpr size_t kAny = 1000000;
  return WatchLines(look.watched(), absl::Now(), kAny, kAny);
}

enum class Ending { kOver, kQuit, kInterrupted };

absl::StatusOr<Ending> OnScreen(Look& look, const std::atomic<bool>& stop) {
  Screen screen;
  while (!look.over()) {
    const auto [columns, rows] = screen.size();
    std::vector<std::string> lines =
        WatchLines(look.watched(), absl::Now(), columns, rows - 1);
    lines.resize(rows - 1);
    lines.push_back(columns > 40 ? "q leaves; the suite goes on" : "q leaves");
    screen.Draw(lines);
    const char key = screen.Key(kLookMs);
    if (key == 'q' || key == 'Q') return Ending::kQuit;
    if (stop.load()) return Ending::kInterrupted;
    ASSAY_RETURN_IF_ERROR(look.Again());
  }
  return Ending::kOver;
}

absl::StatusOr<Ending> InLines(Look& look, const std::atomic<bool>& stop) {
  std::optional<SweepStatus> before;
  absl::Time said = absl::InfinitePast();
  for (;;) {
    const absl::Time now = absl::Now();
    const Watched watched = look.watched();
    const std::vector<std::string> news =
        WatchNews(before.has_value() ? &*before : nullptr, watched, now);
    Print(news);
    if (!news.empty()) said = now;
    if (look.over()) return Ending::kOver;
    if (watched.phase != nullptr && now - said >= kPlainLine) {
      Print({PhaseLine(*watched.phase, now)});
      said = now;
    }
    before = *watched.sweep;
    absl::SleepFor(absl::Milliseconds(kLookMs));
    if (stop.load()) return Ending::kInterrupted;
    ASSAY_RETURN_IF_ERROR(look.Again());
  }
}

absl::StatusOr<int> Watch(const Args& args) {
  if (args.positional().size() > 1) {
    return absl::InvalidArgumentError("expects one folder of a suite");
  }
  const std::string given =
      args.positional().empty() ? "assay-results" : args.positional()[0];
  ASSAY_ASSIGN_OR_RETURN(std::string folder, SweepFolder(UserPath(given)));
  Look look(std::move(folder));
  ASSAY_RETURN_IF_ERROR(look.Again());
  ASSAY_RETURN_IF_ERROR(look.Again());  // the process, now that it is known
  if (args.Switch("once")) {
    Print(WholePage(look));
    return look.over() ? WatchExitCode(look.watched()) : kExitOk;
  }
  const std::atomic<bool>* stop = StopOnInterrupt();
  const bool terminal = Screen::Possible();
  ASSAY_ASSIGN_OR_RETURN(const Ending ending, terminal ? OnScreen(look, *stop)
                                                       : InLines(look, *stop));
  if (ending == Ending::kInterrupted) return kExitInterrupted;
  if (ending == Ending::kQuit) return kExitOk;
  if (terminal) Print(WholePage(look));
  return WatchExitCode(look.watched());
}

int Run(const Args& args) {
  auto code = Watch(args);
  return code.ok() ? *code : Complain("watch", code.status());
}

}  // namespace

extern const Command kWatchCommand = {
    "watch",
    "watch [DIR] [--once]",
    "watch a running suite",
    "DIR is the --out of `assay run`, or a suite's folder in it; of several\n"
    "suites the one that was last heard of is shown. On a terminal the page "
    "is\n"
    "drawn over and over: q or Ctrl-C leaves, the suite goes on. Elsewhere "
    "what\n"
    "is new is printed line by line. Ends with the suite: 1 if a run failed.",
    kFlags,
    Run,
    /*place=*/20,
};

}  // namespace assay
