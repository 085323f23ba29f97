#include "harness/report/formats/comparison_table.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/report/formats/figures.h"

namespace assay {
namespace {

std::string ValueText(double value, const std::string& unit) {
  if (unit == "ns") return HumanNs(value);
  if (unit == "bytes") return HumanSize(value);
  if (unit == "fraction") return QualityText(value, unit);
  if (unit == "J") return HumanJoules(value);
  return absl::StrFormat("%.6g", value);
}

std::string RelativeText(double before, double now) {
  if (before == 0.0) return "";
  return absl::StrFormat("%+.1f %%", 100 * (now / before - 1));
}

std::string IntervalText(const MetricChange& change) {
  if (change.effect.empty()) return "";
  if (change.effect == "ratio") {
    return absl::StrFormat("x%.3f to x%.3f", change.low, change.high);
  }
  return absl::StrCat(DifferenceText(change.low, change.unit), " to ",
                      DifferenceText(change.high, change.unit));
}

}  // namespace

std::string ChangeSentence(const MetricChange& change) {
  std::string out =
      absl::StrCat(change.candidate, change.candidate.empty() ? "" : ": ",
                   change.metric, ": ", ValueText(change.baseline, change.unit),
                   " -> ", ValueText(change.now, change.unit));
  const std::string relative = RelativeText(change.baseline, change.now);
  if (!relative.empty()) absl::StrAppend(&out, " (", relative, ")");
  if (!change.effect.empty()) {
    absl::StrAppendFormat(&out, ", %s %s with %g %% confidence, margin %g",
                          change.effect, IntervalText(change),
                          100 * change.confidence, change.margin);
  }
  if (!change.note.empty()) absl::StrAppend(&out, "; ", change.note);
  return out;
}

TextTable ComparisonTable(const Comparison& comparison) {
  TextTable table({{"change"},
                   {"experiment"},
                   {"network"},
                   {"metric"},
                   {"baseline", true},
                   {"now", true},
                   {"relative", true},
                   {"interval", true},
                   {"p", true},
                   {"test"},
                   {"note"}});
  for (Change change : {Change::kWorse, Change::kBetter, Change::kUndecided}) {
    for (const MetricChange& one : comparison.changes) {
      if (one.change != change) continue;
      table.Add(
          {ChangeName(change), one.experiment, one.candidate, one.metric,
           ValueText(one.baseline, one.unit), ValueText(one.now, one.unit),
           RelativeText(one.baseline, one.now), IntervalText(one),
           one.test.empty() || one.test == "exact" ? ""
                                                   : HumanPValue(one.p_value),
           one.test, one.note});
    }
  }
  return table;
}

std::string ComparisonSummary(const Comparison& comparison) {
  std::string out =
      absl::StrCat(comparison.matched,
                   " experiments in both: ", comparison.Count(Change::kWorse),
                   " worse, ", comparison.Count(Change::kBetter), " better, ",
                   comparison.Count(Change::kSame), " the same, ",
                   comparison.Count(Change::kUndecided), " undecided");
  for (const std::string& key : comparison.only_in_baseline) {
    absl::StrAppend(&out, "\nonly in the baseline: ", key);
  }
  for (const std::string& key : comparison.only_in_new) {
    absl::StrAppend(&out, "\nonly in the new one: ", key);
  }
  return out;
}

}  // namespace assay
