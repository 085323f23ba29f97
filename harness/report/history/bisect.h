// Which commit to measure next, to find the one that changed a metric.
#ifndef ASSAY_HARNESS_REPORT_HISTORY_BISECT_H_
#define ASSAY_HARNESS_REPORT_HISTORY_BISECT_H_

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace assay {

// What has been measured at each commit, by its full name; several runs of one
// commit count by their median.
using ValuesByCommit = std::map<std::string, std::vector<double>>;

struct BisectStep {
  std::string last_good, first_bad;  // what is known by now
  std::string next;                  // to measure; empty: first_bad is it
  size_t suspects = 0;  // commits that may still be the first bad one
  // Of them, those that cannot be measured. Where `next` is empty and they are
  // not, the first bad one is one of them or first_bad.
  std::vector<std::string> skipped;
};

// `commits` from the good one to the bad one, oldest first, both included. The
// two must have been measured and differ; each other measured commit counts as
// bad where it is nearer to the bad one's value. `next` is the middle of the
// commits between the last good and the first bad one. A commit that is good
// after one that is bad moves the last good one: what was bad before it has
// been mended. Of commits that cannot be measured (`skipped`) none is chosen:
// the nearest to the middle that can be is.
//
// INVALID_ARGUMENT: fewer than two commits, or both ends have equal values.
// NOT_FOUND names the end that has not been measured.
absl::StatusOr<BisectStep> NextToMeasure(
    absl::Span<const std::string> commits, const ValuesByCommit& values,
    const std::set<std::string>& skipped = {});

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_HISTORY_BISECT_H_
