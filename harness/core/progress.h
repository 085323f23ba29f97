// Progress of work that may take longer than two seconds.
#ifndef ASSAY_HARNESS_CORE_PROGRESS_H_
#define ASSAY_HARNESS_CORE_PROGRESS_H_

#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace assay {

// Shows one line of
//   label  [=====>    ] 42 %  1200/2800 steps  310 steps/s  5 s left  note
// Nothing appears in the first two seconds. On a terminal one line is redrawn
// at most 10 times a second; elsewhere a plain line is printed every 10 seconds
// and at the end. The note holds what changes ("loss 0.41"). Counts may go
// back; the bar shows the maximum. Not thread-safe.
class Progress {
 public:
  struct Options {
    std::FILE* out = stderr;
    bool terminal = false;  // see IsTerminal
    // absl::Now when empty; tests give their own.
    std::function<absl::Time()> clock = nullptr;
  };

  // total < 0: unknown, a count and rate without bar.
  Progress(std::string label, int64_t total, std::string unit);
  Progress(std::string label, int64_t total, std::string unit, Options options);
  ~Progress();  // Finish()
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Update(int64_t done, absl::string_view note = "");
  // Last line ("label  2800 steps in 9.1 s"), only if anything was shown.
  // Idempotent.
  void Finish();

 private:
  void Show(absl::Time now, bool last);
  void Tell(absl::Time now) const;

  std::string label_, unit_, note_;
  int64_t total_, done_ = 0;
  Options options_;
  absl::Time start_, shown_;
  bool visible_ = false, finished_ = false;
};

// What a Progress says of itself.
struct ProgressState {
  std::string label, unit, note;
  int64_t done = 0, total = 0;  // total < 0: unknown
  double seconds = 0;           // since it began
  bool finished = false;
};

// From now on `observer` (empty: nobody) hears of what is in progress, at most
// once a second whatever the number of Progresses, shown or not. To be set
// before there is any; called in the threads that update.
void SetProgressObserver(std::function<void(const ProgressState&)> observer);

bool IsTerminal(std::FILE* out);

// Where a Progress without options shows itself from now on; standard error
// until then. For worker processes whose standard error is a log.
void SetProgressOutput(std::FILE* out);

// "850 ms", "9.1 s", "3 min 20 s", "1 h 02 min".
std::string HumanDuration(absl::Duration d);
// "980 B", "12.3 KiB", "4.0 MiB".
std::string HumanBytes(int64_t bytes);

}  // namespace assay

#endif  // ASSAY_HARNESS_CORE_PROGRESS_H_
