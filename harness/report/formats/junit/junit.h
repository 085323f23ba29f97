// For test dashboards: JUnit XML.
#ifndef ASSAY_HARNESS_REPORT_FORMATS_JUNIT_JUNIT_H_
#define ASSAY_HARNESS_REPORT_FORMATS_JUNIT_JUNIT_H_

#include "harness/report/formats/format.h"

namespace assay::formats::junit {

const ReportFormat& Format();

}  // namespace assay::formats::junit

#endif  // ASSAY_HARNESS_REPORT_FORMATS_JUNIT_JUNIT_H_
