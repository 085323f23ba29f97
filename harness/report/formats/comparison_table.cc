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
  return absl::StrFormat("%.6g", value);
}

std::string RelativeText(double before, double now) {
  if (before == 0.0) return "";
  return absl::StrFormat("%+.1f %%", 100 * (now / before - 1));
}

}  // namespace

TextTable ComparisonTable(const Comparison& comparison) {
  TextTable table({{"change"},
                   {"experiment"},
                   {"network"},
                   {"metric"},
                   {"baseline", true},
                   {"now", true},
                   {"relative", true},
                   {"p", true},
                   {"test"},
                   {"note"}});
  for (Change change : {Change::kWorse, Change::kBetter, Change::kUndecided}) {
    for (const MetricChange& one : comparison.changes) {
      if (one.change != change) continue;
      table.Add(
          {ChangeName(change), one.experiment, one.candidate, one.metric,
           ValueText(one.baseline, one.unit), ValueText(one.now, one.unit),
           RelativeText(one.baseline, one.now),
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
