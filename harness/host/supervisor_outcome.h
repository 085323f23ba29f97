// How a run ended, from what its processes left and how they ended.
#ifndef ASSAY_HARNESS_HOST_SUPERVISOR_OUTCOME_H_
#define ASSAY_HARNESS_HOST_SUPERVISOR_OUTCOME_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "harness/host/process/child_process.h"
#include "harness/report/report.pb.h"

namespace assay {

class CompressResult;

// Refuses a result that cannot have come from an honest compress process: a
// status that is not its to state, numbers that no report may hold, folders
// outside "artifacts/", budgets that do not exist or come twice.
// INVALID_ARGUMENT.
absl::Status CheckCompressResult(const CompressResult& result,
                                 int budget_count);

// The compress process: `read` is whether its result was there and passed
// CheckCompressResult, and `result` then what it says. A signal, an exit or a
// limit outweighs whatever was left. `budget_count` as in the spec.
Outcome CompressOutcome(const ChildResult& child, const absl::Status& read,
                        const CompressResult& result, int budget_count);

// A trusted process (train or score), whose `said` counts when `read` is OK;
// everything else is HARNESS_ERROR in `stage` or where the child said it was,
// but for a stop, a limit and memory.
Outcome TrustedOutcome(const ChildResult& child, const absl::Status& read,
                       const Outcome& said, Outcome::Stage stage);

// An outcome from a status: ABORTED for CANCELLED, UNSUPPORTED for
// UNIMPLEMENTED, otherwise `status`.
Outcome OutcomeOf(const absl::Status& error, Outcome::Status status,
                  Outcome::Stage stage);

// Valid UTF-8 of at most `longest` bytes: other bytes become '?'.
std::string Printable(absl::string_view text, size_t longest = 2000);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SUPERVISOR_OUTCOME_H_
