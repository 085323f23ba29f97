// Scores as a report keeps them.
#ifndef ASSAY_HARNESS_HOST_SCORE_QUALITY_H_
#define ASSAY_HARNESS_HOST_SCORE_QUALITY_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "datasets/dataset.h"
#include "harness/report/quality.pb.h"
#include "harness/tasks/task.h"
#include "harness/train/evaluate.h"

namespace assay {

// What the network scored on `split` with `precision` at that batch. An item is
// a labelled sample, or, of a stream, 256 successive bytes.
QualityRecord MakeQualityRecord(const Task& task, Split split,
                                const Scores& scores,
                                const std::string& precision, int64_t batch);

// Candidate against dense, each with the scores that its record was made of.
// FAILED_PRECONDITION: they do not pair.
absl::StatusOr<QualityComparison> CompareToDense(
    const QualityRecord& dense, const Scores& dense_scores,
    const QualityRecord& candidate, const Scores& candidate_scores);

// Labels for which the two predict otherwise.
uint64_t AnswersChanged(const Scores& a, const Scores& b);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SCORE_QUALITY_H_
