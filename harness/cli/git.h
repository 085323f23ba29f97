// What git knows of a repository's commits.
#ifndef ASSAY_HARNESS_CLI_GIT_H_
#define ASSAY_HARNESS_CLI_GIT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace assay {

// Full names of the commits from `good` to `bad`, oldest first, both included;
// along the first parents, so that each can be checked out and built by itself.
// INVALID_ARGUMENT: a name that git cannot have given, or does not know there,
// or `good` is no ancestor of `bad`. UNAVAILABLE: git cannot be run.
absl::StatusOr<std::vector<std::string>> CommitsBetween(
    const std::string& repository, const std::string& good,
    const std::string& bad);

}  // namespace assay

#endif  // ASSAY_HARNESS_CLI_GIT_H_
