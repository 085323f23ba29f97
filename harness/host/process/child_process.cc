#include "harness/host/process/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "harness/host/process/log_tail.h"
#include "harness/host/process/strays.h"

namespace assay {
namespace {

constexpr int64_t kLargestLog = int64_t{16} << 20;
constexpr absl::Duration kGrace = absl::Seconds(2);
constexpr int kPollMilliseconds = 50;

// A descriptor that is closed with its owner.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.Release()) {}
  Fd& operator=(Fd&& other) noexcept {
    Close();
    fd_ = other.Release();
    return *this;
  }
  ~Fd() { Close(); }
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

struct Pipe {
  Fd read, write;
};

// Above the descriptors that the child is given (0 to kStageFd), so that dup2
// in the child cannot overwrite a source.
int AboveReserved(int fd) {
  const int moved = fcntl(fd, F_DUPFD_CLOEXEC, 16);
  close(fd);
  return moved;
}

bool MakePipe(Pipe* p) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return false;
  p->read = Fd(AboveReserved(ends[0]));
  p->write = Fd(AboveReserved(ends[1]));
  return p->read.open() && p->write.open();
}

void Limit(int resource, int64_t value) {
  if (value <= 0) return;
  const rlimit limit = {static_cast<rlim_t>(value), static_cast<rlim_t>(value)};
  setrlimit(static_cast<__rlimit_resource>(resource), &limit);
}

// Between fork and exec only async-signal-safe calls are allowed.
[[noreturn]] void BecomeChild(const ChildOptions& options, char* const* argv,
                              int log, int stage, int failure, pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  Limit(RLIMIT_AS, options.memory_bytes);
  Limit(RLIMIT_FSIZE, options.file_bytes);
  Limit(RLIMIT_NPROC, options.processes);
  const rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  const bool closed =
      !options.network && (unshare(CLONE_NEWNET) == 0 ||
                           unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0);
  const char network = closed ? 'n' : 'y';
  (void)!write(stage, &network, 1);
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, 0);
  dup2(STDERR_FILENO, kProgressFd);
  dup2(log, 1);
  dup2(log, 2);
  dup2(stage, kStageFd);
  execv(argv[0], argv);
  const int error = errno;
  (void)!write(failure, &error, sizeof(error));
  _exit(127);
}

// What the parent keeps while the child runs.
class Watch {
 public:
  Watch(const ChildOptions& options, pid_t pid, std::vector<pid_t> before,
        Pipe log, Pipe stage, Fd file)
      : options_(options),
        pid_(pid),
        before_(std::move(before)),
        log_(std::move(log.read)),
        stage_(std::move(stage.read)),
        file_(std::move(file)),
        tail_(options.last_lines),
        start_(absl::Now()) {}

  // `known` ends with the child, so that what is left of its group is a stray.
  ChildResult Wait(std::unique_ptr<KnownChild> known) {
    int status = 0;
    rusage usage = {};
    bool reaped = false;
    while (!reaped) {
      Drain(kPollMilliseconds);
      reaped = wait4(pid_, &status, WNOHANG, &usage) == pid_;
      if (!reaped) EndIfDue();
    }
    result_.seconds = absl::ToDoubleSeconds(absl::Now() - start_);
    kill(-pid_, SIGKILL);  // children that outlived it
    known.reset();
    const StrayUse strays = KillStrays(before_);
    while (Drain(0)) {
    }
    Fill(status, usage);
    result_.cpu_seconds += strays.cpu_seconds;
    return std::move(result_);
  }

 private:
  // Reads what is there, waiting at most `wait_ms`; false when nothing came.
  bool Drain(int wait_ms) {
    pollfd fds[2] = {{log_.get(), POLLIN, 0}, {stage_.get(), POLLIN, 0}};
    if (poll(fds, 2, wait_ms) <= 0) return false;
    bool any = false;
    if (fds[0].revents != 0) any |= ReadLog();
    if (fds[1].revents != 0) any |= ReadStage();
    return any;
  }

  bool ReadLog() {
    char buffer[1 << 14];
    const ssize_t n = read(log_.get(), buffer, sizeof(buffer));
    if (n <= 0) {
      log_.Close();
      return false;
    }
    tail_.Append(absl::string_view(buffer, static_cast<size_t>(n)));
    const int64_t room = kLargestLog - logged_;
    const auto keep = static_cast<size_t>(std::min<int64_t>(n, room));
    if (keep > 0 && write(file_.get(), buffer, keep) > 0) {
      logged_ += static_cast<int64_t>(keep);
    }
    return true;
  }

  bool ReadStage() {
    char buffer[1 << 12];
    const ssize_t n = read(stage_.get(), buffer, sizeof(buffer));
    if (n <= 0) {
      stage_.Close();
      return false;
    }
    absl::string_view bytes(buffer, static_cast<size_t>(n));
    if (!network_known_) {
      network_known_ = true;
      result_.network_closed = bytes[0] == 'n';
      bytes.remove_prefix(1);
    }
    stages_.Append(bytes);
    return true;
  }

  void EndIfDue() {
    const absl::Time now = absl::Now();
    if (ended_by_us_) {
      if (now - term_sent_ > kGrace) kill(-pid_, SIGKILL);
      return;
    }
    const bool stopped = options_.stop != nullptr && options_.stop->load();
    const bool late =
        options_.seconds > 0 && now - start_ > absl::Seconds(options_.seconds);
    if (!stopped && !late) return;
    ended_by_us_ = true;
    term_sent_ = now;
    result_.end = stopped ? ChildEnd::kStopped : ChildEnd::kTimedOut;
    kill(-pid_, SIGTERM);
  }

  void Fill(int status, const rusage& usage) {
    if (!ended_by_us_) {
      if (WIFSIGNALED(status)) {
        result_.end = ChildEnd::kSignalled;
        result_.signal = WTERMSIG(status);
      } else {
        result_.exit_code = WEXITSTATUS(status);
      }
    }
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) +
             static_cast<double>(t.tv_usec) * 1e-6;
    };
    result_.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    result_.peak_memory_bytes = int64_t{usage.ru_maxrss} * 1024;
    result_.last_lines = tail_.Lines();
    const std::vector<std::string> stages = stages_.Lines();
    if (!stages.empty()) result_.stage = stages.back();
  }

  const ChildOptions& options_;
  const pid_t pid_;
  const std::vector<pid_t> before_;
  Fd log_, stage_, file_;
  LogTail tail_;
  LogTail stages_{1};
  int64_t logged_ = 0;
  const absl::Time start_;
  absl::Time term_sent_;
  bool ended_by_us_ = false, network_known_ = false;
  ChildResult result_;
};

absl::Status StartError(const ChildOptions& options, int error) {
  return absl::UnavailableError(absl::StrCat(
      "cannot start ", options.arguments[0], ": ", std::strerror(error)));
}

}  // namespace

absl::StatusOr<ChildResult> RunChild(const ChildOptions& options) {
  if (options.arguments.empty()) {
    return absl::InvalidArgumentError("no executable to start");
  }
  Pipe log, stage, failure;
  if (!MakePipe(&log) || !MakePipe(&stage) || !MakePipe(&failure)) {
    return StartError(options, errno);
  }
  Fd file(open(options.log_path.c_str(),
               O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file.open()) {
    return absl::UnavailableError(absl::StrCat(
        "cannot write ", options.log_path, ": ", std::strerror(errno)));
  }
  std::vector<char*> argv;
  for (const std::string& word : options.arguments) {
    argv.push_back(const_cast<char*>(word.c_str()));
  }
  argv.push_back(nullptr);
  AdoptOrphans();
  std::vector<pid_t> before = OwnChildren();
  const pid_t parent = getpid();
  pid_t pid = -1;
  std::unique_ptr<KnownChild> known = KnownChild::Fork(&pid);
  if (pid < 0) return StartError(options, errno);
  if (pid == 0) {
    BecomeChild(options, argv.data(), log.write.get(), stage.write.get(),
                failure.write.get(), parent);
  }
  setpgid(pid, pid);  // also here: whoever comes first
  log.write.Close();
  stage.write.Close();
  failure.write.Close();
  int error = 0;
  if (read(failure.read.get(), &error, sizeof(error)) > 0) {
    waitpid(pid, nullptr, 0);
    return StartError(options, error);
  }
  Watch watch(options, pid, std::move(before), std::move(log), std::move(stage),
              std::move(file));
  return watch.Wait(std::move(known));
}

std::string Describe(const ChildResult& result) {
  std::string text;
  switch (result.end) {
    case ChildEnd::kExited:
      text = absl::StrCat("exited with code ", result.exit_code);
      break;
    case ChildEnd::kSignalled:
      text = absl::StrCat("ended by signal ", result.signal, " (",
                          strsignal(result.signal), ")");
      break;
    case ChildEnd::kTimedOut:
      text = absl::StrCat("ended after its time limit, ",
                          absl::FormatDuration(absl::Milliseconds(
                              static_cast<int64_t>(result.seconds * 1e3))));
      break;
    case ChildEnd::kStopped:
      text = "stopped on request";
      break;
  }
  if (!result.stage.empty()) absl::StrAppend(&text, " in: ", result.stage);
  return text;
}

void ReportStage(absl::string_view stage) {
  static const bool watched = fcntl(kStageFd, F_GETFD) != -1 &&
                              lseek(kStageFd, 0, SEEK_CUR) == -1 &&
                              errno == ESPIPE;
  if (!watched) return;
  const std::string line = absl::StrCat(stage, "\n");
  (void)!write(kStageFd, line.data(), line.size());
}

}  // namespace assay
