// --network and its like: a network of the user's for runs.
#ifndef ASSAY_HARNESS_CLI_NETWORK_FLAGS_H_
#define ASSAY_HARNESS_CLI_NETWORK_FLAGS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "harness/cli/args.h"
#include "harness/host/run_spec.pb.h"

namespace assay {

// Puts the network that the flags name into every spec, and tries once per task
// whether it fits; what was taken for granted is said on standard error.
// Nothing is done without --network. INVALID_ARGUMENT says what does not fit.
absl::Status ApplyNetworkFlags(const Args& args, std::vector<RunSpec>* specs);

// The flags as typed, for a command line that repeats a run: " --network=...".
std::string NetworkFlagsText(const Args& args);

}  // namespace assay

#endif  // ASSAY_HARNESS_CLI_NETWORK_FLAGS_H_
