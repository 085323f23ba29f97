// What `assay watch` shows, as lines of text.
#ifndef ASSAY_HARNESS_CLI_WATCH_VIEW_H_
#define ASSAY_HARNESS_CLI_WATCH_VIEW_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace assay {

class PhaseStatus;
class SweepStatus;

struct Watched {
  const SweepStatus* sweep = nullptr;
  const PhaseStatus* phase =
      nullptr;  // of the run that is running; may be null
  // Its process is gone although it never said that it ended.
  bool gone = false;
};

// At most `rows` lines of at most `columns` characters, ASCII and printable
// whatever the files hold: a message cannot steer the terminal. Where there is
// little room, what waits goes first and the results next.
std::vector<std::string> WatchLines(const Watched& watched, absl::Time now,
                                    size_t columns, size_t rows);

// What is new since `before` (null: everything that ended), a line each, for
// where there is no terminal.
std::vector<std::string> WatchNews(const SweepStatus* before,
                                   const Watched& watched, absl::Time now);

// "compress: train  [====>     ] 42 %  1200/2800 steps  6 s left  loss 0.41".
std::string PhaseLine(const PhaseStatus& phase, absl::Time now);

// "quick: 7 of 14 runs done, 1 of them failed, 6 waiting".
std::string CountLine(const Watched& watched);

// 0 while it runs or when all is well, 1 where a run did not end OK or the
// sweep ended before its runs.
int WatchExitCode(const Watched& watched);

}  // namespace assay

#endif  // ASSAY_HARNESS_CLI_WATCH_VIEW_H_
