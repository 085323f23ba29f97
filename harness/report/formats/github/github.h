// Workflow commands of GitHub Actions, one a line: annotations on the run.
// GitHub shows the first ten errors, warnings and notices of a step; the worst
// come first.
#ifndef ASSAY_HARNESS_REPORT_FORMATS_GITHUB_GITHUB_H_
#define ASSAY_HARNESS_REPORT_FORMATS_GITHUB_GITHUB_H_

#include "harness/report/formats/format.h"

namespace assay::formats::github {

const ReportFormat& Format();

}  // namespace assay::formats::github

#endif  // ASSAY_HARNESS_REPORT_FORMATS_GITHUB_GITHUB_H_
