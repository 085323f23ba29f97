// What git knows of a repository's commits.
#ifndef ASSAY_HARNESS_CLI_GIT_H_
#define ASSAY_HARNESS_CLI_GIT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace assay {

// Full names of the commits from `good` to `bad`, oldest first, both included;
// along the first parents, so that each can be checked out and built by itself.
// INVALID_ARGUMENT: a name that git cannot have given, or does not know there,
// or `good` is no ancestor of `bad`. UNAVAILABLE: git cannot be run.
absl::StatusOr<std::vector<std::string>> CommitsBetween(
    const std::string& repository, const std::string& good,
    const std::string& bad);

// Puts the files of `commit` into the folder `tree`, a work tree of its own
// that is made where it is not there; the repository's own files stay as they
// are. What builds left there stays. INVALID_ARGUMENT: git refuses, and has
// said why on standard error. UNAVAILABLE: git cannot be run.
absl::Status CheckOut(const std::string& repository, const std::string& commit,
                      const std::string& tree);

// Removes a work tree that CheckOut made, and all in it.
absl::Status RemoveTree(const std::string& repository, const std::string& tree);

}  // namespace assay

#endif  // ASSAY_HARNESS_CLI_GIT_H_
