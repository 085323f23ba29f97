#include "harness/host/score/twin_audit.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "harness/core/status_macros.h"
#include "harness/host/score/quality.h"
#include "harness/report/check.h"

namespace assay {
namespace {

AuditRecord Record(bool passed, std::string detail) {
  AuditRecord record;
  record.set_kind("renamed_twin");
  record.set_limit(kTwinLimit);
  record.set_passed(passed);
  record.set_detail(std::move(detail));
  *record.mutable_availability() = MakeAvailability(Availability::MEASURED);
  return record;
}

}  // namespace

Scores InOwnClasses(Scores scores, absl::Span<const int32_t> order) {
  if (order.empty()) return scores;
  std::vector<int32_t> own(order.size());
  for (size_t c = 0; c < order.size(); ++c) {
    own[static_cast<size_t>(order[c])] = static_cast<int32_t>(c);
  }
  for (int32_t& prediction : scores.predictions) {
    prediction = own[static_cast<size_t>(prediction)];
  }
  return scores;
}

AuditRecord TwinWithoutCandidate(const std::string& why) {
  return Record(false, absl::StrCat("on the task under other names: expected a "
                                    "candidate as on the task, got ",
                                    why));
}

AuditRecord TwinUnavailable(const std::string& why) {
  AuditRecord record;
  record.set_kind("renamed_twin");
  *record.mutable_availability() =
      MakeAvailability(Availability::UNAVAILABLE, why);
  return record;
}

absl::StatusOr<AuditRecord> AuditTwin(const Task& task,
                                      const CandidateRecord& candidate,
                                      const Scores& scores, const Scores& twin,
                                      absl::Span<const std::string> unmet) {
  const QualityRecord& own = candidate.quality(0);
  const QualityRecord quality =
      MakeQualityRecord(task, Split::kTest, twin, own.precision(),
                        static_cast<int64_t>(own.batch()));
  ASSAY_ASSIGN_OR_RETURN(QualityComparison comparison,
                         CompareToDense(own, scores, quality, twin));
  const bool up = own.direction() != QualityRecord::LOWER_IS_BETTER;
  const double allowed = up ? kTwinLimit : kTwinLimit * own.value();
  const double lost = (up ? -1 : 1) * comparison.difference();
  double least = lost;  // that may have been lost
  if (comparison.has_interval()) {
    least = up ? -comparison.interval().high() : comparison.interval().low();
  }
  std::string seen = absl::StrFormat(
      "%s on the task under other names: expected at most %.3g worse than "
      "%.4g, got %.4g (%.3g worse, at least %.3g)",
      own.metric(), allowed, own.value(), quality.value(), std::max(0.0, lost),
      std::max(0.0, least));
  if (!unmet.empty()) {
    absl::StrAppend(&seen,
                    "; budgets not met there: ", absl::StrJoin(unmet, ", "));
  }
  AuditRecord record =
      Record(unmet.empty() && least <= allowed, std::move(seen));
  record.set_precision(own.precision());
  record.set_batch(static_cast<uint32_t>(own.batch()));
  record.set_items(static_cast<uint64_t>(own.count()));
  record.set_answers_changed(comparison.answers_changed());
  *record.mutable_comparison() = std::move(comparison);
  return record;
}

}  // namespace assay
