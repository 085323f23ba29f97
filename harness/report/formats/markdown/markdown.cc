#include "harness/report/formats/markdown/markdown.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "harness/report/formats/comparison_table.h"
#include "harness/report/formats/summary.h"

namespace assay::formats::markdown {
namespace {

absl::StatusOr<std::string> Many(absl::Span<const Report> reports) {
  return SummaryTable(Summarise(reports)).Markdown();
}

absl::StatusOr<std::string> One(const Report& report) {
  return Many(absl::MakeSpan(&report, 1));
}

absl::StatusOr<std::string> Compared(const Comparison& comparison) {
  const TextTable table = ComparisonTable(comparison);
  return absl::StrCat(
      table.empty() ? "" : table.Markdown() + "\n",
      absl::StrReplaceAll(ComparisonSummary(comparison), {{"\n", "\n\n"}}),
      "\n");
}

}  // namespace

const ReportFormat& Format() {
  static constexpr ReportFormat kFormat = {"markdown", "tables for a page", One,
                                           Many, Compared};
  return kFormat;
}

}  // namespace assay::formats::markdown
