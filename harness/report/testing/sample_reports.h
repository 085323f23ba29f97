// Small whole reports for tests. Their numbers are made up to be easy to check
// by eye; nothing measured them.
#ifndef ASSAY_HARNESS_REPORT_TESTING_SAMPLE_REPORTS_H_
#define ASSAY_HARNESS_REPORT_TESTING_SAMPLE_REPORTS_H_

#include "harness/report/report.pb.h"

namespace assay {

// Everything ran: magnitude at 90 % sparsity on an image task, SingleStream and
// Offline in f32, energy unavailable.
Report SampleReport();

// The plugin of another method ended in a segmentation fault while compressing.
Report SampleCrash();

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_TESTING_SAMPLE_REPORTS_H_
