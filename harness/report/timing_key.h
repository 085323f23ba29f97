// What makes two latency records timings of the same thing.
#ifndef ASSAY_HARNESS_REPORT_TIMING_KEY_H_
#define ASSAY_HARNESS_REPORT_TIMING_KEY_H_

#include <string>

#include "harness/report/latency.pb.h"

namespace assay {

// Scenario, batch, backend and caches; caches of which nothing is said are hot.
bool SameSetting(const LatencyRecord& a, const LatencyRecord& b);
// The same, and the same precision.
bool SameTiming(const LatencyRecord& a, const LatencyRecord& b);

// " @reference cold": what differs from the run's own backend and hot caches;
// mostly empty.
std::string TimingSuffix(const LatencyRecord& latency);

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_TIMING_KEY_H_
