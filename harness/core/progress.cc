#include "harness/core/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"

namespace assay {
namespace {

constexpr absl::Duration kQuiet = absl::Seconds(2);
constexpr absl::Duration kRedraw = absl::Milliseconds(100);
constexpr absl::Duration kPlainLine = absl::Seconds(10);
constexpr int64_t kBarWidth = 10;

// Longer lines would wrap, and "\r" would not take them back.
size_t Columns(std::FILE* out) {
  winsize size{};
  const bool known =
      ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

std::string Bar(int64_t done, int64_t total) {
  const int64_t full = done * kBarWidth / total;
  std::string bar(static_cast<size_t>(full), '=');
  if (full < kBarWidth) bar += '>';
  bar.resize(kBarWidth, ' ');
  return absl::StrCat("[", bar, "]");
}

std::string Rate(double per_second) {
  return absl::StrFormat(per_second < 10 ? "%.1f" : "%.0f", per_second);
}

std::string WholeSeconds(absl::Duration d) {
  if (d >= absl::Minutes(1)) return HumanDuration(d);
  return absl::StrFormat("%.0f s", std::ceil(absl::ToDoubleSeconds(d)));
}

std::FILE* g_output = nullptr;

constexpr absl::Duration kTell = absl::Seconds(1);
std::function<void(const ProgressState&)>* g_observer = nullptr;
constexpr int64_t kNever = std::numeric_limits<int64_t>::min() / 2;
std::atomic<int64_t> g_told_ns{kNever};  // when the observer last heard

// Whether it is time to tell, and then notes that it was done: of several
// threads one gets it.
bool TakeTurn(absl::Time now) {
  const int64_t now_ns = absl::ToUnixNanos(now);
  int64_t told = g_told_ns.load(std::memory_order_relaxed);
  // A clock that was set back must not silence it.
  const bool due =
      now_ns < told || now_ns - told >= absl::ToInt64Nanoseconds(kTell);
  return due && g_told_ns.compare_exchange_strong(told, now_ns);
}

std::FILE* DefaultOutput() { return g_output != nullptr ? g_output : stderr; }

}  // namespace

Progress::Progress(std::string label, int64_t total, std::string unit)
    : Progress(std::move(label), total, std::move(unit),
               Options{.out = DefaultOutput(),
                       .terminal = IsTerminal(DefaultOutput())}) {}

Progress::Progress(std::string label, int64_t total, std::string unit,
                   Options options)
    : label_(std::move(label)),
      unit_(std::move(unit)),
      total_(total),
      options_(std::move(options)) {
  if (!options_.clock) options_.clock = absl::Now;
  start_ = shown_ = options_.clock();
}

Progress::~Progress() { Finish(); }

void Progress::Update(int64_t done, absl::string_view note) {
  if (finished_) return;
  done_ = std::max(done_, done);
  note_ = std::string(note);
  const absl::Time now = options_.clock();
  Tell(now);
  const absl::Duration interval = options_.terminal ? kRedraw : kPlainLine;
  if (now - start_ < kQuiet || now - shown_ < interval) return;
  Show(now, /*last=*/false);
}

void Progress::Finish() {
  if (finished_) return;
  finished_ = true;
  if (g_observer != nullptr) Tell(options_.clock());
  if (visible_) Show(options_.clock(), /*last=*/true);
}

void Progress::Tell(absl::Time now) const {
  if (g_observer == nullptr || !TakeTurn(now)) return;
  (*g_observer)({label_, unit_, note_, done_, total_,
                 absl::ToDoubleSeconds(now - start_), finished_});
}

void Progress::Show(absl::Time now, bool last) {
  const absl::Duration spent = now - start_;
  std::string line = absl::StrCat(label_, "  ");
  if (last) {
    absl::StrAppend(&line, done_, " ", unit_, " in ", HumanDuration(spent));
  } else {
    const double rate = static_cast<double>(done_) /
                        std::max(absl::ToDoubleSeconds(spent), 1e-9);
    if (total_ > 0) {
      const int64_t shown = std::min(done_, total_);
      absl::StrAppend(&line, Bar(shown, total_), " ", shown * 100 / total_,
                      " %  ", done_, "/", total_);
    } else {
      absl::StrAppend(&line, done_);
    }
    absl::StrAppend(&line, " ", unit_, "  ", Rate(rate), " ", unit_, "/s");
    if (done_ > 0 && done_ < total_) {
      const double left = static_cast<double>(total_ - done_) / rate;
      absl::StrAppend(&line, "  ", WholeSeconds(absl::Seconds(left)), " left");
    }
    if (!note_.empty()) absl::StrAppend(&line, "  ", note_);
  }
  if (options_.terminal) {
    line.resize(std::min(line.size(), Columns(options_.out) - 1));
    // Back to the first column, the line, erase what an older one left.
    std::fprintf(options_.out, "\r%s\x1b[K%s", line.c_str(), last ? "\n" : "");
  } else {
    std::fprintf(options_.out, "%s\n", line.c_str());
  }
  std::fflush(options_.out);
  visible_ = true;
  shown_ = now;
}

void SetProgressObserver(std::function<void(const ProgressState&)> observer) {
  delete g_observer;
  g_observer =
      observer
          ? new std::function<void(const ProgressState&)>(std::move(observer))
          : nullptr;
  g_told_ns = kNever;
}

void SetProgressOutput(std::FILE* out) { g_output = out; }

bool IsTerminal(std::FILE* out) { return isatty(fileno(out)) == 1; }

std::string HumanDuration(absl::Duration d) {
  const double seconds = absl::ToDoubleSeconds(d);
  if (seconds < 0.9995) return absl::StrFormat("%.0f ms", seconds * 1e3);
  if (seconds < 59.95) return absl::StrFormat("%.1f s", seconds);
  const int64_t whole = std::llround(seconds);
  if (whole < 3600) {
    return absl::StrFormat("%d min %02d s", whole / 60, whole % 60);
  }
  const int64_t minutes = std::llround(seconds / 60);
  return absl::StrFormat("%d h %02d min", minutes / 60, minutes % 60);
}

std::string HumanBytes(int64_t bytes) {
  if (bytes < 1024) return absl::StrCat(bytes, " B");
  double value = static_cast<double>(bytes);
  const char* unit = "";
  for (const char* next : {"KiB", "MiB", "GiB", "TiB"}) {
    if (value < 1023.95) break;  // would print as 1024.0
    value /= 1024;
    unit = next;
  }
  return absl::StrFormat("%.1f %s", value, unit);
}

}  // namespace assay
