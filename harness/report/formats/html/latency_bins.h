// Latencies as a few counts for a plot.
#ifndef ASSAY_HARNESS_REPORT_FORMATS_HTML_LATENCY_BINS_H_
#define ASSAY_HARNESS_REPORT_FORMATS_HTML_LATENCY_BINS_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace assay::formats::html {

// Bin i counts latencies from 2^((first + i) / steps) ns up to the next edge.
// `steps` is a power of two, so that any two can be brought to the coarser
// one's edges by adding neighbours.
struct LatencyBins {
  int64_t steps = 0;  // bins per doubling; 0: there is nothing
  int64_t first = 0;
  std::vector<uint64_t> counts;
};

// As fine as `most` bins allow, at most 128 per doubling. What is below 1 ns
// counts as 1 ns. There are 63 doublings at most, so bins of a
// doubling may be more than `most`.
LatencyBins BinLatencies(absl::Span<const double> latency_ns,
                         int64_t most = 48);

}  // namespace assay::formats::html

#endif  // ASSAY_HARNESS_REPORT_FORMATS_HTML_LATENCY_BINS_H_
