// For programs: all of a report, or the rows of the table.
#ifndef ASSAY_HARNESS_REPORT_FORMATS_JSON_JSON_H_
#define ASSAY_HARNESS_REPORT_FORMATS_JSON_JSON_H_

#include "harness/report/formats/format.h"

namespace assay::formats::json {

const ReportFormat& Format();

}  // namespace assay::formats::json

#endif  // ASSAY_HARNESS_REPORT_FORMATS_JSON_JSON_H_
