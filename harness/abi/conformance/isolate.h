// Running one check in a process of its own, so that whatever the module does
// costs that check alone.
#ifndef ASSAY_HARNESS_ABI_CONFORMANCE_ISOLATE_H_
#define ASSAY_HARNESS_ABI_CONFORMANCE_ISOLATE_H_

#include <functional>
#include <string>

namespace assay::conformance {

// Calls `body` in a fork; it returns what is wrong, empty if nothing. The
// result is the same; or "signal 11 (Segmentation fault)", "ended without a
// result, exit code 3", "an exception left the module", "no end after 30 s".
// Call it before this process starts threads.
std::string RunIsolated(const std::function<std::string()>& body,
                        int timeout_seconds);

}  // namespace assay::conformance

#endif  // ASSAY_HARNESS_ABI_CONFORMANCE_ISOLATE_H_
