// Claims of papers: reading them, and the runs that they need.
#ifndef ASSAY_HARNESS_CLAIMS_CLAIMS_H_
#define ASSAY_HARNESS_CLAIMS_CLAIMS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace assay {

class Claim;
class ClaimSet;
class RunSpec;

// Reads a claims.textproto and checks it. INVALID_ARGUMENT names the file and
// line, or the claim and field, and what was expected there.
absl::StatusOr<ClaimSet> ReadClaims(const std::string& path);

// Refuses what cannot be decided as written: no id, statement or source, an id
// twice, no task, seed or metric, no method on either side, a margin or
// confidence out of range.
absl::Status CheckClaims(const ClaimSet& set);

// The runs of a claim, seed by seed, the first side's before the second's. Runs
// of claims that need no clock are not timed.
absl::StatusOr<std::vector<RunSpec>> RunsOf(const Claim& claim);

// Whether a run that was asked for as `made` serves for `wanted`: all that
// decides its candidates is equal, and it was timed if `wanted` is. Labels do
// not count.
bool Serves(const RunSpec& made, const RunSpec& wanted);

}  // namespace assay

#endif  // ASSAY_HARNESS_CLAIMS_CLAIMS_H_
