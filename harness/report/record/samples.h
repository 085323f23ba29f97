// Latencies as a report keeps them.
#ifndef ASSAY_HARNESS_REPORT_RECORD_SAMPLES_H_
#define ASSAY_HARNESS_REPORT_RECORD_SAMPLES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/report/latency.pb.h"

namespace assay {

// Keeps every latency, in order, up to `max_all` of them; beyond, a histogram
// whose buckets are at most 1 % wide. Latencies are not negative.
LatencySamples EncodeSamples(absl::Span<const int64_t> latency_ns,
                             size_t max_all = 65536);

// The latencies, or for a histogram as many copies of each bucket's middle as
// it counts (then the order is lost). FAILED_PRECONDITION where none were kept;
// DATA_LOSS where the record contradicts itself.
absl::StatusOr<std::vector<double>> DecodeSamples(
    const LatencySamples& samples);

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_RECORD_SAMPLES_H_
