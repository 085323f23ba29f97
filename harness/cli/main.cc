// The assay command. The commands internal-* are the worker processes of a run
// and not for people.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "harness/cli/command.h"
#include "harness/cli/progress_file.h"
#include "harness/core/progress.h"
#include "harness/host/process/child_process.h"
#include "harness/host/processes.h"

namespace {

// A worker's standard error is a log; its progress goes to the terminal, and to
// a file beside its spec for those who watch.
int RunWorker(const char* process, int (*work)(const std::string&),
              const std::string& spec_path) {
  if (fcntl(assay::kProgressFd, F_GETFD) != -1) {
    if (std::FILE* out = fdopen(assay::kProgressFd, "w"); out != nullptr) {
      assay::SetProgressOutput(out);
    }
  }
  const size_t slash = spec_path.rfind('/');
  if (slash != std::string::npos) {
    assay::KeepProgressFile(spec_path.substr(0, slash), process);
  }
  return work(spec_path);
}

// OpenMP's threads spin for a millisecond before they sleep, which on a machine
// with other work takes the processor from the thread they wait for. The
// library reads its setting before main; so the program starts itself again
// with a short spin, unless the user has decided. Reports show the setting.
void ShortenSpin(char** argv) {
  if (std::getenv("GOMP_SPINCOUNT") != nullptr ||
      std::getenv("OMP_WAIT_POLICY") != nullptr) {
    return;
  }
  setenv("GOMP_SPINCOUNT", "2000", 1);
  execv("/proc/self/exe", argv);
}

}  // namespace

int main(int argc, char** argv) {
  ShortenSpin(argv);
  const absl::Span<char* const> words(
      argv + 1, static_cast<size_t>(argc > 0 ? argc - 1 : 0));
  if (words.size() == 2) {
    const absl::string_view name = words[0];
    if (name == "internal-train") {
      return RunWorker("train", assay::TrainMain, words[1]);
    }
    if (name == "internal-compress") {
      return RunWorker("compress", assay::CompressMain, words[1]);
    }
    if (name == "internal-score") {
      return RunWorker("score", assay::ScoreMain, words[1]);
    }
  }
  return assay::RunCommandLine(words);
}
