// Numbers as people read them. Pure ASCII, so that columns align everywhere.
#ifndef ASSAY_HARNESS_REPORT_FORMATS_FIGURES_H_
#define ASSAY_HARNESS_REPORT_FORMATS_FIGURES_H_

#include <cstdint>
#include <string>

#include "harness/report/common.pb.h"
#include "harness/report/latency.pb.h"
#include "harness/report/quality.pb.h"
#include "harness/report/report.pb.h"

namespace assay {

std::string HumanNs(double ns);            // "850 ns", "12.3 us", "1.23 ms"
std::string HumanCount(double count);      // "850", "61.7 k", "41.2 M"
std::string HumanSize(double bytes);       // "980 B", "12.3 KiB"
std::string HumanJoules(double joules);    // "12.3 mJ", "4.50 J", "1.20 kJ"
std::string HumanSeconds(double seconds);  // "0.25 s", "12.5 s", "3 min 20 s"
std::string HumanFactor(double factor);    // "1.20x"
std::string HumanPValue(double p);         // "0.031", "<0.001"

// "87.50 %" of a fraction, "2.314" of anything else.
std::string QualityText(double value, const std::string& unit);
// "87.50 % (64.00-96.50)": value and interval, where there is one.
std::string QualityText(const QualityRecord& record);
// "-6.25 pp" of fractions, "+0.012" of anything else.
std::string DifferenceText(double difference, const std::string& unit);

// "<=132 us" with a bound, "refused" without, "120 us" for the median.
std::string PercentileText(const PercentileRecord& record);
// The percentile of that fraction, or null.
const PercentileRecord* FindPercentile(const LatencyRecord& record,
                                       double fraction);

// The gain under that timing: against the dense network in the same precision
// where it was timed, else in the first one; null where there is none.
const GainRecord* FindGain(const CandidateRecord& candidate,
                           const LatencyRecord& timing);

// "tuned (quick): fuse=on threads=1", with what else is to know of it.
std::string TuningText(const TuningRecord& record);

// "UNAVAILABLE: no powercap folder".
std::string AvailabilityText(const Availability& availability);

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_FORMATS_FIGURES_H_
