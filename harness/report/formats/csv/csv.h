// One line per row of the table, plain numbers.
#ifndef ASSAY_HARNESS_REPORT_FORMATS_CSV_CSV_H_
#define ASSAY_HARNESS_REPORT_FORMATS_CSV_CSV_H_

#include "harness/report/formats/format.h"

namespace assay::formats::csv {

const ReportFormat& Format();

}  // namespace assay::formats::csv

#endif  // ASSAY_HARNESS_REPORT_FORMATS_CSV_CSV_H_
