// Text that is compared with a file of the repository.
#ifndef ASSAY_HARNESS_REPORT_TESTING_GOLDEN_H_
#define ASSAY_HARNESS_REPORT_TESTING_GOLDEN_H_

#include <string>

namespace assay {

// Fails where `text` differs from the file at `path` (from the top of the
// repository), showing the first line that does. A line of the file may hold
// "{{...}}", which stands for anything but a line end. Run outside the sandbox
// with ASSAY_UPDATE_GOLDENS=1 (`bazel run`) it writes the file instead.
void ExpectGolden(const std::string& path, const std::string& text);

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_TESTING_GOLDEN_H_
