#include "harness/abi/conformance/isolate.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <exception>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace assay::conformance {
namespace {

[[noreturn]] void Child(const std::function<std::string()>& body, int out) {
  std::string wrong;
  try {
    wrong = body();
  } catch (const std::exception& e) {
    wrong = absl::StrCat("an exception left the module: ", e.what());
  } catch (...) {
    wrong = "an exception left the module";
  }
  // The terminator says that the check came to its end.
  const ssize_t written = write(out, wrong.c_str(), wrong.size() + 1);
  _exit(written < 0 ? 1 : 0);
}

// What comes through the pipe until its end or the deadline; false: too late.
bool ReadUntil(int in, absl::Time deadline, std::string* text) {
  char buffer[4096];
  for (;;) {
    const int64_t left = absl::ToInt64Milliseconds(deadline - absl::Now());
    if (left <= 0) return false;
    pollfd waiting = {in, POLLIN, 0};
    if (poll(&waiting, 1, static_cast<int>(left)) <= 0) continue;
    const ssize_t n = read(in, buffer, sizeof(buffer));
    if (n <= 0) return true;
    text->append(buffer, static_cast<size_t>(n));
  }
}

}  // namespace

std::string RunIsolated(const std::function<std::string()>& body,
                        int timeout_seconds) {
  int ends[2];
  if (pipe(ends) != 0) return absl::StrCat("pipe: ", std::strerror(errno));
  const pid_t child = fork();
  if (child < 0) return absl::StrCat("fork: ", std::strerror(errno));
  if (child == 0) {
    close(ends[0]);
    Child(body, ends[1]);
  }
  close(ends[1]);
  std::string text;
  const bool in_time =
      ReadUntil(ends[0], absl::Now() + absl::Seconds(timeout_seconds), &text);
  close(ends[0]);
  if (!in_time) kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  if (!in_time) return absl::StrCat("no end after ", timeout_seconds, " s");
  if (WIFSIGNALED(status)) {
    return absl::StrCat("signal ", WTERMSIG(status), " (",
                        strsignal(WTERMSIG(status)), ")");
  }
  if (text.empty() || text.back() != '\0') {
    return absl::StrCat("ended without a result, exit code ",
                        WEXITSTATUS(status));
  }
  text.pop_back();
  return text;
}

}  // namespace assay::conformance
