#include "harness/claims/attempt_log.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/text_format.h"
#include "harness/claims/attempt_log.pb.h"
#include "harness/claims/claims.h"
#include "harness/claims/claims.pb.h"
#include "harness/core/file.h"
#include "harness/core/hash.h"
#include "harness/core/status_macros.h"
#include "harness/host/run_identity.h"
#include "harness/host/run_spec.pb.h"
#include "harness/host/text_proto.h"
#include "harness/report/statistics/alpha_spending.h"

namespace assay {

absl::StatusOr<std::string> EvidenceOf(const Claim& claim,
                                       absl::Span<const Report> reports) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<RunSpec> runs, RunsOf(claim));
  std::vector<std::string> used;
  for (const Report& report : reports) {
    RunSpec made;
    if (!ParseRunText(report.identity().spec(), &made).ok()) continue;
    const bool serves =
        std::any_of(runs.begin(), runs.end(),
                    [&](const RunSpec& run) { return Serves(made, run); });
    if (!serves) continue;
    used.push_back(absl::StrCat(report.identity().run_id(), " ",
                                report.finished().seconds(), ".",
                                report.finished().nanos()));
  }
  std::sort(used.begin(), used.end());
  return Sha256Hex(absl::StrJoin(used, "\n"));
}

AttemptLog::AttemptLog(std::string path)
    : path_(std::move(path)), attempts_(std::make_unique<LoggedAttempts>()) {}
AttemptLog::~AttemptLog() = default;
AttemptLog::AttemptLog(AttemptLog&&) noexcept = default;

absl::StatusOr<AttemptLog> AttemptLog::Open(const std::string& path) {
  AttemptLog log(path);
  auto text = ReadFile(path);
  if (absl::IsNotFound(text.status())) return log;
  ASSAY_RETURN_IF_ERROR(text.status());
  ASSAY_RETURN_IF_ERROR(ParseTextProto(*text, path, log.attempts_.get()));
  return log;
}

ClaimAttempt AttemptLog::Look(const std::string& claim, double alpha,
                              const std::string& evidence) const {
  uint32_t looks = 0;
  for (const LoggedAttempt& one : attempts_->attempts()) {
    if (one.attempt().claim() != claim) continue;
    if (one.evidence_sha256() == evidence) return one.attempt();
    looks = std::max(looks, one.attempt().attempt());
  }
  ClaimAttempt next;
  next.set_claim(claim);
  next.set_attempt(looks + 1);
  next.set_alpha(alpha);
  next.set_alpha_spent(AlphaOfLook(alpha, looks + 1));
  return next;
}

absl::Status AttemptLog::Record(const ClaimAttempt& attempt,
                                const std::string& evidence) {
  LoggedAttempt* entry = nullptr;
  for (LoggedAttempt& one : *attempts_->mutable_attempts()) {
    if (one.attempt().claim() == attempt.claim() &&
        one.evidence_sha256() == evidence) {
      entry = &one;
    }
  }
  if (entry == nullptr) entry = attempts_->add_attempts();
  *entry->mutable_attempt() = attempt;
  entry->set_evidence_sha256(evidence);
  std::string text;
  google::protobuf::TextFormat::PrintToString(*attempts_, &text);
  return WriteFileAtomically(path_, text);
}

}  // namespace assay
