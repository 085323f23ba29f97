// Descendants that left their process group, as setsid and daemons do.
#ifndef ASSAY_HARNESS_HOST_PROCESS_STRAYS_H_
#define ASSAY_HARNESS_HOST_PROCESS_STRAYS_H_

#include <sys/types.h>

#include <memory>
#include <vector>

namespace assay {

// From now on orphans below this process become its children instead of init's
// (PR_SET_CHILD_SUBREAPER), so that they can be found. Once is enough; false
// where the kernel refuses.
bool AdoptOrphans();

// Processes whose parent is this one, as /proc says.
std::vector<pid_t> OwnChildren();

// A child of this process that is nobody's stray while this lives.
class KnownChild {
 public:
  // fork(): `pid` is 0 in the child, where the result must not be touched, and
  // negative where it failed. No KillStrays of another thread can see the child
  // before it is known.
  static std::unique_ptr<KnownChild> Fork(pid_t* pid);
  ~KnownChild();
  KnownChild(const KnownChild&) = delete;
  KnownChild& operator=(const KnownChild&) = delete;

 private:
  KnownChild() = default;

  pid_t pid_ = -1;
};

struct StrayUse {
  int killed = 0;
  double cpu_seconds = 0.0;
};

// Kills and reaps every child of this process that is neither in `before` nor
// known, nor in the process group of a known one, and what those leave behind
// in turn; gives up after 5 seconds.
StrayUse KillStrays(const std::vector<pid_t>& before);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_PROCESS_STRAYS_H_
