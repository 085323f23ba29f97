// Ctrl-C as a flag that long work polls.
#ifndef ASSAY_HARNESS_CLI_INTERRUPT_H_
#define ASSAY_HARNESS_CLI_INTERRUPT_H_

#include <atomic>

namespace assay {

// Installs handlers for SIGINT and SIGTERM and returns the flag that they set.
// The second SIGINT ends the program at once, as users expect.
const std::atomic<bool>* StopOnInterrupt();

}  // namespace assay

#endif  // ASSAY_HARNESS_CLI_INTERRUPT_H_
