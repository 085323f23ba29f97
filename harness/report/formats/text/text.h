// Reports for a terminal.
#ifndef ASSAY_HARNESS_REPORT_FORMATS_TEXT_TEXT_H_
#define ASSAY_HARNESS_REPORT_FORMATS_TEXT_TEXT_H_

#include "harness/report/formats/format.h"

namespace assay::formats::text {

const ReportFormat& Format();

}  // namespace assay::formats::text

#endif  // ASSAY_HARNESS_REPORT_FORMATS_TEXT_TEXT_H_
