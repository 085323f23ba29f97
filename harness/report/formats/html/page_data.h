// What the page knows: reports as one JSON value for its script.
#ifndef ASSAY_HARNESS_REPORT_FORMATS_HTML_PAGE_DATA_H_
#define ASSAY_HARNESS_REPORT_FORMATS_HTML_PAGE_DATA_H_

#include <string>

#include "absl/types/span.h"
#include "harness/report/report.pb.h"

namespace assay {

struct Comparison;

namespace formats::html {

// JSON that may stand inside <script type="application/json">; README.md names
// its members. The same reports give the same bytes in whatever order they
// come. Numbers are rounded for display: programs read the reports, or the
// format `json`. `comparison` may be null.
std::string PageData(absl::Span<const Report> reports,
                     const Comparison* comparison);

}  // namespace formats::html
}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_FORMATS_HTML_PAGE_DATA_H_
