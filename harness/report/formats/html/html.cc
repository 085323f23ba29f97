#include "harness/report/formats/html/html.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "harness/report/formats/html/page_data.h"
#include "harness/report/formats/html/page_template.h"

namespace assay::formats::html {
namespace {

std::string Page(absl::Span<const Report> reports,
                 const Comparison* comparison) {
  return absl::StrCat(kPageHead, PageData(reports, comparison), kPageTail);
}

absl::StatusOr<std::string> One(const Report& report) {
  return Page(absl::MakeConstSpan(&report, 1), nullptr);
}

absl::StatusOr<std::string> Many(absl::Span<const Report> reports) {
  return Page(reports, nullptr);
}

absl::StatusOr<std::string> Compared(const Comparison& comparison) {
  return Page({}, &comparison);
}

}  // namespace

const ReportFormat& Format() {
  static constexpr ReportFormat kFormat = {
      "html", "a page to explore reports, in one file", One, Many, Compared};
  return kFormat;
}

}  // namespace assay::formats::html
