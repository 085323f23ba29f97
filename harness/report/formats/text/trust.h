// The part of a page about what could be doubted: whether gains are real,
// whether answers depend on the batch, the backend or the order.
#ifndef ASSAY_HARNESS_REPORT_FORMATS_TEXT_TRUST_H_
#define ASSAY_HARNESS_REPORT_FORMATS_TEXT_TRUST_H_

#include <string>

#include "harness/report/report.pb.h"

namespace assay::formats::text {

// Each is a table, or empty where the report has none.
std::string ClaimedGains(const Report& report);
std::string Drift(const Report& report);
std::string Audits(const Report& report);
// The candidates against the dense network after the training that the method
// had.
std::string SameAllowance(const Report& report);

}  // namespace assay::formats::text

#endif  // ASSAY_HARNESS_REPORT_FORMATS_TEXT_TRUST_H_
