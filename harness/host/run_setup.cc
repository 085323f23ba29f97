#include "harness/host/run_setup.h"

#include <sched.h>
#include <signal.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "datasets/verified_files.h"
#include "harness/backend/registry.h"
#include "harness/core/hash.h"
#include "harness/core/status_macros.h"
#include "harness/graph/structural_hash.h"
#include "harness/host/user_network.h"
#include "harness/ops/ops.h"
#include "harness/tasks/registry.h"

namespace assay {
namespace {

std::atomic<bool> stop_wanted = false;
static_assert(std::atomic<bool>::is_always_lock_free);

void WantStop(int) { stop_wanted = true; }

absl::Status SystemError(absl::string_view what) {
  return absl::UnavailableError(
      absl::StrCat("cannot ", what, ": ", std::strerror(errno)));
}

}  // namespace

absl::Status LimitThreads(int threads) {
  if (threads <= 0) return absl::OkStatus();
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) {
    return SystemError("read the affinity of this process");
  }
  if (CPU_COUNT(&allowed) < threads) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the run asks for ", threads, " threads: expected at most the ",
        CPU_COUNT(&allowed), " processors that this process may use"));
  }
  cpu_set_t kept;
  CPU_ZERO(&kept);
  for (size_t cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&kept) < threads; ++cpu) {
    if (CPU_ISSET(cpu, &allowed)) CPU_SET(cpu, &kept);
  }
  if (sched_setaffinity(0, sizeof(kept), &kept) != 0) {
    return SystemError("set the affinity of this process");
  }
  return absl::OkStatus();
}

int UsableThreads() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return 1;
  return CPU_COUNT(&allowed);
}

const std::atomic<bool>* StopOnTerminate() {
  signal(SIGTERM, WantStop);
  return &stop_wanted;
}

absl::StatusOr<RunSetup> OpenTask(const RunSpec& spec) {
  RunSetup setup;
  ASSAY_ASSIGN_OR_RETURN(TaskSpec task, FindTask(spec.task()));
  if (!spec.network().mean().empty()) {
    task.mean.assign(spec.network().mean().begin(),
                     spec.network().mean().end());
    task.stddev.assign(spec.network().stddev().begin(),
                       spec.network().stddev().end());
  }
  ASSAY_ASSIGN_OR_RETURN(setup.device, MakeDevice(spec.backend()));
  setup.verified = std::make_shared<VerifiedFiles>(std::vector<std::string>(
      spec.verified_files().begin(), spec.verified_files().end()));
  ASSAY_ASSIGN_OR_RETURN(
      setup.task, Task::Open(std::move(task), spec.data_dir(), setup.verified));
  if (spec.has_network()) {
    ASSAY_RETURN_IF_ERROR(BringUserNetwork(spec, setup.task.get()));
  }
  return setup;
}

absl::StatusOr<ReferenceNetwork> ReferenceOf(const RunSpec& spec,
                                             const RunSetup& setup) {
  ReferenceOptions options;
  options.cache_dir = spec.cache_dir();
  options.seed = kReferenceSeed;
  options.bf16 = spec.training_precision() == "bf16";
  options.stop = StopOnTerminate();
  return GetReferenceNetwork(*setup.task, StandardOps(), setup.device.get(),
                             options);
}

absl::StatusOr<ReferenceIdentity> IdentityOf(const ReferenceNetwork& network) {
  ReferenceIdentity identity;
  identity.set_graph_sha256(StructuralHash(network.graph));
  ASSAY_ASSIGN_OR_RETURN(std::string weights, Sha256OfFile(network.path));
  identity.set_weights_sha256(std::move(weights));
  identity.set_validation_quality(network.validation_metric);
  return identity;
}

}  // namespace assay
