#include "harness/report/formats/html/latency_bins.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace assay::formats::html {
namespace {

constexpr int64_t kFinest = 128;
constexpr double kLongest = 9.2e18;  // what a report can hold

int64_t BinOf(double ns, int64_t steps) {
  const double in_range = std::clamp(ns, 1.0, kLongest);
  return static_cast<int64_t>(
      std::floor(std::log2(in_range) * static_cast<double>(steps)));
}

}  // namespace

LatencyBins BinLatencies(absl::Span<const double> latency_ns, int64_t most) {
  LatencyBins bins;
  if (latency_ns.empty()) return bins;
  const auto [low, high] =
      std::minmax_element(latency_ns.begin(), latency_ns.end());
  bins.steps = kFinest;
  while (bins.steps > 1 &&
         BinOf(*high, bins.steps) - BinOf(*low, bins.steps) >= most) {
    bins.steps /= 2;
  }
  bins.first = BinOf(*low, bins.steps);
  const int64_t last = BinOf(*high, bins.steps);
  bins.counts.resize(static_cast<size_t>(last - bins.first + 1));
  for (const double ns : latency_ns) {
    ++bins.counts[static_cast<size_t>(BinOf(ns, bins.steps) - bins.first)];
  }
  return bins;
}

}  // namespace assay::formats::html
