// For people: one page that explores reports, works from a file and fetches
// nothing.
#ifndef ASSAY_HARNESS_REPORT_FORMATS_HTML_HTML_H_
#define ASSAY_HARNESS_REPORT_FORMATS_HTML_HTML_H_

#include "harness/report/formats/format.h"

namespace assay::formats::html {

const ReportFormat& Format();

}  // namespace assay::formats::html

#endif  // ASSAY_HARNESS_REPORT_FORMATS_HTML_HTML_H_
