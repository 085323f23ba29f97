// A worker process under limits: started, watched, ended, and accounted for.
//
// The child's standard output and error go into a log file; its descriptor
// kProgressFd is the parent's standard error, for progress bars; on kStageFd
// it says what it is doing (ReportStage), so that a crash can be placed.
#ifndef ASSAY_HARNESS_HOST_PROCESS_CHILD_PROCESS_H_
#define ASSAY_HARNESS_HOST_PROCESS_CHILD_PROCESS_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assay {

constexpr int kProgressFd = 3;
constexpr int kStageFd = 4;

struct ChildOptions {
  std::vector<std::string> arguments;  // [0] is the executable's path
  std::string log_path;                // replaced; at most 16 MiB are kept
  double seconds = 0;                  // wall time limit; 0: none
  int64_t memory_bytes = 0;            // address space (RLIMIT_AS); 0: none
  int64_t file_bytes = 0;              // size of one file; 0: none
  int processes = 0;     // RLIMIT_NPROC, which does not bind root; 0: none
  bool network = false;  // false: an empty network namespace where allowed
  size_t last_lines = 20;
  const std::atomic<bool>* stop = nullptr;  // set by Ctrl-C
};

enum class ChildEnd : uint8_t { kExited, kSignalled, kTimedOut, kStopped };

struct ChildResult {
  ChildEnd end = ChildEnd::kExited;
  int exit_code = 0;                    // kExited
  int signal = 0;                       // kSignalled: SIGSEGV, SIGABRT, ...
  std::string stage;                    // the last ReportStage
  std::vector<std::string> last_lines;  // of the log; control characters as '?'
  double seconds = 0;                   // wall time
  double cpu_seconds = 0;               // user and system, with descendants
  int64_t peak_memory_bytes = 0;        // largest resident set
  bool network_closed = false;          // the empty namespace was granted
};

// Blocks until the child has ended; then no descendant of it is left alive,
// also when they outlive it, ignore signals or have gone into a session of
// their own: at a limit or a stop the group gets SIGTERM, and SIGKILL 2 seconds
// later; what has left the group is killed when the child has ended. To find it
// this process becomes the parent of orphans below it, for good. The child is
// killed when this process dies. UNAVAILABLE: it could not be started; the
// message has the path and the system's reason.
absl::StatusOr<ChildResult> RunChild(const ChildOptions& options);

// "ended by signal 11 (Segmentation fault) in: run, after_backward hook".
std::string Describe(const ChildResult& result);

// In the child: what it does from now on, one line. Cheap (one write) and
// safe to call from any thread; nothing happens outside RunChild.
void ReportStage(absl::string_view stage);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_PROCESS_CHILD_PROCESS_H_
