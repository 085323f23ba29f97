// The method's candidate for the task's twin against its candidate for the
// task.
#ifndef ASSAY_HARNESS_HOST_SCORE_TWIN_AUDIT_H_
#define ASSAY_HARNESS_HOST_SCORE_TWIN_AUDIT_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/report/report.pb.h"
#include "harness/tasks/task.h"
#include "harness/train/evaluate.h"

namespace assay {

// Quality that the twin may lose: a fraction of accuracy, or relative bits per
// byte. Training under other names draws other numbers, so candidates differ as
// two seeds do.
inline constexpr double kTwinLimit = 0.03;

// What a network made of a split when its classes have the numbers of `order`
// (TwinClasses; empty: their own), as if they had kept theirs.
Scores InOwnClasses(Scores scores, absl::Span<const int32_t> order);

// "renamed_twin" of one candidate.
//   candidate, scores   as they were scored, in the record's first precision
//   twin                its scores on the same items, in the task's own classes
//   unmet               budgets that the candidate meets and the twin does not
// Passes where no budget is lost and the interval of the quality lost begins
// within the limit.
absl::StatusOr<AuditRecord> AuditTwin(const Task& task,
                                      const CandidateRecord& candidate,
                                      const Scores& scores, const Scores& twin,
                                      absl::Span<const std::string> unmet);

// A method that left no candidate to score: it failed, and why.
AuditRecord TwinWithoutCandidate(const std::string& why);
// The method could not even be tried.
AuditRecord TwinUnavailable(const std::string& why);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SCORE_TWIN_AUDIT_H_
