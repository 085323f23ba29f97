// One report as a page.
#ifndef ASSAY_HARNESS_REPORT_FORMATS_TEXT_PAGE_H_
#define ASSAY_HARNESS_REPORT_FORMATS_TEXT_PAGE_H_

#include <string>

#include "harness/report/report.pb.h"

namespace assay::formats::text {

// Sections in a fixed order, each with a title; a section with nothing to say
// says why in one line.
std::string Page(const Report& report);

}  // namespace assay::formats::text

#endif  // ASSAY_HARNESS_REPORT_FORMATS_TEXT_PAGE_H_
