#include "harness/report/formats/text/text.h"

#include "absl/strings/str_cat.h"
#include "harness/report/formats/comparison_table.h"
#include "harness/report/formats/summary.h"
#include "harness/report/formats/text/page.h"

namespace assay::formats::text {
namespace {

absl::StatusOr<std::string> One(const Report& report) { return Page(report); }

absl::StatusOr<std::string> Many(absl::Span<const Report> reports) {
  return SummaryTable(Summarise(reports)).Text();
}

absl::StatusOr<std::string> Compared(const Comparison& comparison) {
  const TextTable table = ComparisonTable(comparison);
  return absl::StrCat(table.empty() ? "" : table.Text() + "\n",
                      ComparisonSummary(comparison), "\n");
}

}  // namespace

const ReportFormat& Format() {
  static constexpr ReportFormat kFormat = {
      "text", "a page, or an aligned table", One, Many, Compared};
  return kFormat;
}

}  // namespace assay::formats::text
