// Scoring what a method submitted: quality on the test split, cost, latency,
// memory, against the dense network in the same process. No plugin is loaded
// here.
#ifndef ASSAY_HARNESS_HOST_SCORE_SCORE_H_
#define ASSAY_HARNESS_HOST_SCORE_SCORE_H_

#include "absl/status/status.h"
#include "harness/host/run_files.pb.h"
#include "harness/host/run_setup.h"
#include "harness/report/record/phase_timer.h"
#include "harness/tasks/reference_network.h"

namespace assay {

// Fills `result` but for its phases. A candidate that fails verification is
// INVALID_SUBMISSION in result->outcome(), and the others are scored all the
// same; an error is the harness's own or the machine's.
absl::Status Score(const ScoreRequest& request, const RunSetup& setup,
                   const ReferenceNetwork& reference, PhaseTimer* phases,
                   ScoreResult* result);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SCORE_SCORE_H_
