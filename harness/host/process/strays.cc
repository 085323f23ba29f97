#include "harness/host/process/strays.h"

#include <dirent.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <mutex>
#include <set>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace assay {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(5);

struct Known {
  std::mutex mutex;
  std::set<pid_t> pids;
};

Known& KnownChildren() {
  static Known* const known = new Known;
  return *known;
}

// 0 where it is gone.
pid_t ParentOf(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  // The name may hold blanks and brackets; state and parent follow the last.
  const size_t end = text.rfind(')');
  if (end == std::string::npos) return 0;
  const std::vector<absl::string_view> fields = absl::StrSplit(
      absl::string_view(text).substr(end + 1), ' ', absl::SkipEmpty());
  pid_t parent = 0;
  return fields.size() > 1 && absl::SimpleAtoi(fields[1], &parent) ? parent : 0;
}

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) +
         static_cast<double>(time.tv_usec) * 1e-6;
}

// Whether there was any.
bool KillOnce(const std::vector<pid_t>& before, StrayUse* use) {
  Known& known = KnownChildren();
  const std::lock_guard<std::mutex> lock(known.mutex);
  bool any = false;
  for (const pid_t pid : OwnChildren()) {
    if (std::find(before.begin(), before.end(), pid) != before.end()) continue;
    if (known.pids.count(pid) + known.pids.count(getpgid(pid)) > 0) continue;
    any = true;
    kill(pid, SIGKILL);
    rusage usage = {};
    if (wait4(pid, nullptr, WNOHANG, &usage) != pid) continue;
    ++use->killed;
    use->cpu_seconds += Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
  }
  return any;
}

}  // namespace

bool AdoptOrphans() { return prctl(PR_SET_CHILD_SUBREAPER, 1) == 0; }

std::vector<pid_t> OwnChildren() {
  std::vector<pid_t> children;
  DIR* folder = opendir("/proc");
  if (folder == nullptr) return children;
  const pid_t self = getpid();
  while (const dirent* entry = readdir(folder)) {
    pid_t pid = 0;
    if (absl::SimpleAtoi(entry->d_name, &pid) && ParentOf(pid) == self) {
      children.push_back(pid);
    }
  }
  closedir(folder);
  return children;
}

std::unique_ptr<KnownChild> KnownChild::Fork(pid_t* pid) {
  std::unique_ptr<KnownChild> child(new KnownChild);
  Known& known = KnownChildren();
  const std::lock_guard<std::mutex> lock(known.mutex);
  *pid = fork();
  if (*pid > 0) {
    child->pid_ = *pid;
    known.pids.insert(*pid);
  }
  return child;
}

KnownChild::~KnownChild() {
  Known& known = KnownChildren();
  const std::lock_guard<std::mutex> lock(known.mutex);
  known.pids.erase(pid_);
}

StrayUse KillStrays(const std::vector<pid_t>& before) {
  StrayUse use;
  const absl::Time end = absl::Now() + kPatience;
  while (KillOnce(before, &use) && absl::Now() < end) {
    absl::SleepFor(absl::Milliseconds(1));
  }
  return use;
}

}  // namespace assay
