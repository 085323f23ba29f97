// The looks that were taken at claims. Each spends a share of the claim's
// level, so that running it again until it holds does not help.
#ifndef ASSAY_HARNESS_CLAIMS_ATTEMPT_LOG_H_
#define ASSAY_HARNESS_CLAIMS_ATTEMPT_LOG_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/report/report.pb.h"

namespace assay {

class Claim;
class LoggedAttempts;

// SHA-256 over the reports that fill runs of the claim, by run and time.
absl::StatusOr<std::string> EvidenceOf(const Claim& claim,
                                       absl::Span<const Report> reports);

// One text file. One process at a time.
class AttemptLog {
 public:
  // An absent file is an empty log. Errors name the file.
  static absl::StatusOr<AttemptLog> Open(const std::string& path);
  ~AttemptLog();
  AttemptLog(AttemptLog&&) noexcept;

  // The look at this claim on that evidence: as it was recorded, or the next
  // one, with its number and share of `alpha` (AlphaOfLook) and no verdict.
  // `claim` is unique among plugins: "magnitude/lamp_beats_uniform".
  ClaimAttempt Look(const std::string& claim, double alpha,
                    const std::string& evidence) const;

  // Adds the look, or replaces the one on the same evidence, and writes the
  // file.
  absl::Status Record(const ClaimAttempt& attempt, const std::string& evidence);

 private:
  explicit AttemptLog(std::string path);

  std::string path_;
  std::unique_ptr<LoggedAttempts> attempts_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_CLAIMS_ATTEMPT_LOG_H_
