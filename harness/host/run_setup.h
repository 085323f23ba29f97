// What every process of a run begins with, so that all see the same task,
// device and reference network.
#ifndef ASSAY_HARNESS_HOST_RUN_SETUP_H_
#define ASSAY_HARNESS_HOST_RUN_SETUP_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/backend/device.h"
#include "harness/host/compress_result.pb.h"
#include "harness/host/run_spec.pb.h"
#include "harness/tasks/reference_network.h"
#include "harness/tasks/task.h"

namespace assay {

class VerifiedFiles;

// The reference network of a task is one for all methods and seeds, so that
// they start from the same weights; it is the one that `assay train` makes.
inline constexpr uint64_t kReferenceSeed = 1;

// First thing in a child's main: keeps the process, and so every pool of
// threads in it, to the first `threads` of the processors that it may use (0:
// all of them). INVALID_ARGUMENT where there are fewer.
absl::Status LimitThreads(int threads);

// Processors that this process may use, and so threads that compute.
int UsableThreads();

// Set from the first call on when the supervisor ends the process (SIGTERM).
const std::atomic<bool>* StopOnTerminate();

struct RunSetup {
  std::unique_ptr<Device> device;
  std::unique_ptr<Task> task;
  // Files of the data set that are known to be the published ones.
  std::shared_ptr<VerifiedFiles> verified;
};
// The task, with the user's network in place where the spec has one.
absl::StatusOr<RunSetup> OpenTask(const RunSpec& spec);

// Trained in the run's training precision, where the cache does not have it.
absl::StatusOr<ReferenceNetwork> ReferenceOf(const RunSpec& spec,
                                             const RunSetup& setup);

// A reference network by content. Errors are those of reading its file.
absl::StatusOr<ReferenceIdentity> IdentityOf(const ReferenceNetwork& network);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_RUN_SETUP_H_
