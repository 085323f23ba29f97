// What makes two latency records timings of the same thing.
#ifndef ASSAY_HARNESS_REPORT_TIMING_KEY_H_
#define ASSAY_HARNESS_REPORT_TIMING_KEY_H_

#include <string>

#include "harness/report/cost.pb.h"
#include "harness/report/latency.pb.h"

namespace assay {

// Scenario, batch, backend and caches; caches of which nothing is said are hot.
bool SameSetting(const LatencyRecord& a, const LatencyRecord& b);
// The same, and the same precision.
bool SameTiming(const LatencyRecord& a, const LatencyRecord& b);

// The candidate's timing that a gain is of.
LatencyRecord TimingOf(const GainRecord& gain);

// "SINGLE_STREAM f32 batch 1", and the suffix: equal for timings of the same
// thing, so that series and comparisons call them alike.
std::string TimingLabel(const LatencyRecord& latency);
// " @reference cold": what differs from the run's own backend and hot caches;
// mostly empty.
std::string TimingSuffix(const LatencyRecord& latency);

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_TIMING_KEY_H_
