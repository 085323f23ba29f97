// Whether a report keeps the rules of common.proto, and help to keep them.
#ifndef ASSAY_HARNESS_REPORT_CHECK_H_
#define ASSAY_HARNESS_REPORT_CHECK_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "harness/report/report.pb.h"

namespace assay {

// The revision of the schema that this program writes.
inline constexpr uint32_t kReportSchema = 1;

// What any report must hold to be read: a known schema, a method, a task and an
// outcome; finite numbers; fractions and probabilities in [0, 1]; intervals in
// order; hashes of 64 hexadecimal digits. INVALID_ARGUMENT names the field
// ("candidates[0].latency[2].percentiles[1].fraction"), what was expected and
// got; FAILED_PRECONDITION where the schema is newer than this program.
absl::Status CheckWellFormed(const Report& report);

// The above, and that every Availability in it is set, with a reason where it
// needs one. The writer refuses other reports.
absl::Status CheckReport(const Report& report);

// Sets every unset Availability and makes the sections that must exist: each
// takes the state and reason of the record it lies in where those say that it
// has no value, and `state` and `reason` otherwise. What is set stays.
void FillUnset(Availability::State state, absl::string_view reason,
               Report* report);

// FillUnset for a run that ended early: NOT_REACHED, with the outcome's status
// and stage as the reason.
void FillUnreached(Report* report);

// {MEASURED}, {UNAVAILABLE, "no powercap folder"}, ...
Availability MakeAvailability(Availability::State state,
                              absl::string_view reason = "");

// MEASURED, DERIVED or ESTIMATED: there is a value.
bool HasValue(const Availability& availability);

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_CHECK_H_
