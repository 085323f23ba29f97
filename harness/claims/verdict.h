// What reports say of a claim.
#ifndef ASSAY_HARNESS_CLAIMS_VERDICT_H_
#define ASSAY_HARNESS_CLAIMS_VERDICT_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/report/report.pb.h"

namespace assay {

class Claim;

struct ClaimVerdict {
  ClaimAttempt::Verdict verdict = ClaimAttempt::UNDECIDED;
  // Why nothing was decided: runs that are missing or went wrong, a machine
  // that cannot tell, an interval on both sides of the bar.
  std::string reason;
  // The effect and its interval; `estimated` says whether there is one.
  bool estimated = false;
  double estimate = 0.0, low = 0.0, high = 0.0, confidence = 0.0;
  std::string method;  // "student_t", "student_t and items", "items", "exact"
  size_t runs_wanted = 0;
  std::vector<size_t> missing;  // places in RunsOf(claim) that no report fills
};

// HOLDS where the whole interval of the effect keeps the relation, FAILS where
// none of it does, UNDECIDED otherwise and wherever a run of the population is
// missing: part of it decides nothing.
//
// The effect is paired by seed; its interval is Student's t over the seeds. For
// quality the uncertainty of the items that were scored, by paired intervals of
// the answers kept in the reports, is added to it: all seeds share those items.
// With one seed it is the items' alone, and speaks for those networks only.
// Runs of one seed that did not start from the same data and reference weights
// do not pair.
//
// Of several reports of one run the last that ended well counts. Reports that
// do not hold their spec are passed over. INVALID_ARGUMENT: not a claim that
// CheckClaims accepts.
absl::StatusOr<ClaimVerdict> Judge(const Claim& claim,
                                   absl::Span<const Report> reports);

}  // namespace assay

#endif  // ASSAY_HARNESS_CLAIMS_VERDICT_H_
