// The dense network after as much more training as a method had.
#ifndef ASSAY_HARNESS_HOST_SCORE_TUNED_DENSE_H_
#define ASSAY_HARNESS_HOST_SCORE_TUNED_DENSE_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "harness/backend/device.h"
#include "harness/host/run_spec.pb.h"
#include "harness/host/score/evaluation.h"
#include "harness/report/report.pb.h"
#include "harness/tasks/reference_network.h"
#include "harness/tasks/task.h"

namespace assay {

// Trains the reference network on (harness/tasks/fine_tune.h) for the samples
// of `spent`, rounded up to whole batches of the recipe, in the run's training
// precision and with its seed, and scores it. Where validation says that this
// made it worse, the reference network stands in its place. NOT_APPLICABLE
// where the method trained on nothing, and no `scores` then.
//
// Costs about the time that the method's own training took.
absl::StatusOr<TunedDense> TuneDense(const Task& task, Device* device,
                                     const RunSpec& spec,
                                     const ReferenceNetwork& reference,
                                     const LedgerRecord& spent,
                                     const EvaluationOptions& evaluation,
                                     ScoresByPrecision* scores);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SCORE_TUNED_DENSE_H_
