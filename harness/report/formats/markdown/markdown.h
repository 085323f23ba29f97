// Tables for a page.
#ifndef ASSAY_HARNESS_REPORT_FORMATS_MARKDOWN_MARKDOWN_H_
#define ASSAY_HARNESS_REPORT_FORMATS_MARKDOWN_MARKDOWN_H_

#include "harness/report/formats/format.h"

namespace assay::formats::markdown {

const ReportFormat& Format();

}  // namespace assay::formats::markdown

#endif  // ASSAY_HARNESS_REPORT_FORMATS_MARKDOWN_MARKDOWN_H_
