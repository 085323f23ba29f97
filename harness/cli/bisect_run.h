// Bisecting by running a command at each commit, as `git bisect run` does, in a
// work tree of its own and so that it can be interrupted and goes on.
#ifndef ASSAY_HARNESS_CLI_BISECT_RUN_H_
#define ASSAY_HARNESS_CLI_BISECT_RUN_H_

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "harness/report/history/bisect.h"

namespace assay {

struct BisectRunOptions {
  std::string repository;  // where git finds the commits; paths are absolute
  // For the shell, at the top of the commit's files. Exit code 0: it went well;
  // 125: this commit cannot be judged, it is skipped; any other up to 127: it
  // went badly; from 128 on or by a signal: the bisection ends.
  std::string command;
  // What is kept: "verdicts" (a line per commit), "tree" (the files while it
  // works), "COMMIT.log" of each, and "COMMIT/" for the command's reports,
  // which it finds in the environment as ASSAY_BISECT_OUT.
  std::string folder;
  // The values of a metric at the commits measured by now. Null: exit codes
  // judge, and the ends are good and bad as they were given. Called after
  // every run that went well, with the folder of its reports; ends that were
  // not measured are run first, and code 0 is then needed for a value.
  std::function<absl::StatusOr<ValuesByCommit>(const std::string& reports)>
      measured;
  const std::atomic<bool>* stop = nullptr;  // true: CANCELLED
  // What happens, a line each.
  std::function<void(absl::string_view)> say = [](absl::string_view) {};
};

// `commits` as NextToMeasure has them. Runs until nothing is left to measure. A
// folder that holds verdicts of the same command between the same commits is
// gone on with. CANCELLED: interrupted. FAILED_PRECONDITION: the folder has
// another bisection, or the command ended by a signal or with 128 or more.
// Errors of git are its own.
absl::StatusOr<BisectStep> RunBisect(const BisectRunOptions& options,
                                     absl::Span<const std::string> commits);

}  // namespace assay

#endif  // ASSAY_HARNESS_CLI_BISECT_RUN_H_
