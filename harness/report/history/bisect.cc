#include "harness/report/history/bisect.h"

#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/core/descriptive.h"
#include "harness/core/status_macros.h"

namespace assay {
namespace {

absl::StatusOr<double> ValueAt(const std::string& commit,
                               const ValuesByCommit& values) {
  const auto found = values.find(commit);
  if (found == values.end() || found->second.empty()) {
    return absl::NotFoundError(
        absl::StrCat("commit ", commit, " has not been measured"));
  }
  return Median(found->second);
}

}  // namespace

absl::StatusOr<BisectStep> NextToMeasure(absl::Span<const std::string> commits,
                                         const ValuesByCommit& values,
                                         const std::set<std::string>& skipped) {
  if (commits.size() < 2) {
    return absl::InvalidArgumentError(absl::StrCat(
        "expected the commits from a good to a bad one, got ", commits.size()));
  }
  ASSAY_ASSIGN_OR_RETURN(const double good, ValueAt(commits.front(), values));
  ASSAY_ASSIGN_OR_RETURN(const double bad, ValueAt(commits.back(), values));
  if (good == bad) {
    return absl::InvalidArgumentError(
        absl::StrCat("both ends have the value ", good));
  }
  size_t last_good = 0, first_bad = commits.size() - 1;
  // From the bad end down, so that the last change to bad is the one found.
  for (size_t i = commits.size() - 1; i-- > 0;) {
    const auto value = ValueAt(commits[i], values);
    if (!value.ok()) continue;
    if (std::abs(*value - bad) < std::abs(*value - good)) {
      first_bad = i;
    } else {
      last_good = i;
      break;
    }
  }
  BisectStep step;
  step.last_good = commits[last_good];
  step.first_bad = commits[first_bad];
  step.suspects = first_bad - last_good;
  const size_t middle = last_good + (first_bad - last_good) / 2;
  size_t nearest = commits.size();  // from the middle
  for (size_t i = last_good + 1; i < first_bad; ++i) {
    if (skipped.count(commits[i]) != 0) {
      step.skipped.push_back(commits[i]);
      continue;
    }
    const size_t away = i < middle ? middle - i : i - middle;
    if (away < nearest) {
      nearest = away;
      step.next = commits[i];
    }
  }
  return step;
}

}  // namespace assay
