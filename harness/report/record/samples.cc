#include "harness/report/record/samples.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "harness/report/check.h"

namespace assay {
namespace {

constexpr double kRelativeWidth = 0.01;
// More than any session holds; a damaged count must not take all memory.
constexpr uint64_t kMostSamples = uint64_t{1} << 28;

void EncodeAll(absl::Span<const int64_t> latency_ns, DeltaSamples* all) {
  all->mutable_delta_ns()->Reserve(static_cast<int>(latency_ns.size()));
  int64_t last = 0;
  for (int64_t ns : latency_ns) {
    all->add_delta_ns(ns - last);
    last = ns;
  }
}

void EncodeHistogram(absl::Span<const int64_t> latency_ns,
                     LatencyHistogram* histogram) {
  const auto [low, high] =
      std::minmax_element(latency_ns.begin(), latency_ns.end());
  std::vector<uint64_t> edges = {static_cast<uint64_t>(*low)};
  while (edges.back() <= static_cast<uint64_t>(*high)) {
    const double next =
        static_cast<double>(edges.back()) * (1.0 + kRelativeWidth);
    edges.push_back(std::max(edges.back() + 1, static_cast<uint64_t>(next)));
  }
  std::vector<uint64_t> counts(edges.size() - 1);
  for (int64_t ns : latency_ns) {
    const auto above =
        std::upper_bound(edges.begin(), edges.end(), static_cast<uint64_t>(ns));
    ++counts[static_cast<size_t>(above - edges.begin()) - 1];
  }
  histogram->set_relative_width(kRelativeWidth);
  histogram->mutable_edge_ns()->Assign(edges.begin(), edges.end());
  histogram->mutable_count()->Assign(counts.begin(), counts.end());
}

absl::StatusOr<std::vector<double>> DecodeAll(const DeltaSamples& all) {
  std::vector<double> values;
  values.reserve(static_cast<size_t>(all.delta_ns_size()));
  int64_t ns = 0;
  for (int64_t delta : all.delta_ns()) {
    if (__builtin_add_overflow(ns, delta, &ns) || ns < 0) {
      return absl::DataLossError(
          absl::StrCat("latency ", values.size(), ": expected 0 ns or more"));
    }
    values.push_back(static_cast<double>(ns));
  }
  return values;
}

absl::StatusOr<std::vector<double>> DecodeHistogram(
    const LatencyHistogram& histogram) {
  if (histogram.edge_ns_size() != histogram.count_size() + 1) {
    return absl::DataLossError(absl::StrCat(
        "latency histogram: expected one edge more than counts, got ",
        histogram.edge_ns_size(), " and ", histogram.count_size()));
  }
  std::vector<double> values;
  for (int i = 0; i < histogram.count_size(); ++i) {
    const uint64_t count = histogram.count(i);
    if (count > kMostSamples || values.size() + count > kMostSamples ||
        histogram.edge_ns(i) > histogram.edge_ns(i + 1)) {
      return absl::DataLossError(
          absl::StrCat("latency histogram: bucket ", i, " is not a bucket"));
    }
    const double middle = (static_cast<double>(histogram.edge_ns(i)) +
                           static_cast<double>(histogram.edge_ns(i + 1)) - 1) /
                          2.0;
    values.insert(values.end(), count, middle);
  }
  return values;
}

}  // namespace

LatencySamples EncodeSamples(absl::Span<const int64_t> latency_ns,
                             size_t max_all) {
  LatencySamples samples;
  if (latency_ns.empty()) {
    *samples.mutable_availability() =
        MakeAvailability(Availability::UNAVAILABLE, "no query was answered");
    return samples;
  }
  *samples.mutable_availability() = MakeAvailability(Availability::MEASURED);
  if (latency_ns.size() <= max_all) {
    EncodeAll(latency_ns, samples.mutable_all());
  } else {
    EncodeHistogram(latency_ns, samples.mutable_histogram());
  }
  return samples;
}

absl::StatusOr<std::vector<double>> DecodeSamples(
    const LatencySamples& samples) {
  switch (samples.form_case()) {
    case LatencySamples::kAll:
      return DecodeAll(samples.all());
    case LatencySamples::kHistogram:
      return DecodeHistogram(samples.histogram());
    case LatencySamples::FORM_NOT_SET:
      break;
  }
  return absl::FailedPreconditionError(
      absl::StrCat("no latencies kept: ", samples.availability().reason()));
}

}  // namespace assay
