// The JSON of Google Benchmark, in and out: micro-benchmarks as latency
// records, and latency records for the tools that read that JSON (compare.py
// and others).
#ifndef ASSAY_HARNESS_REPORT_GOOGLE_BENCHMARK_H_
#define ASSAY_HARNESS_REPORT_GOOGLE_BENCHMARK_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "harness/report/report.pb.h"

namespace assay {

// One record per benchmark, in the order of the file; `variant` is its name.
// Repetitions become blocks. The mean, by real time, and its interval (from two
// repetitions on, Student's t) are what such a file can say: percentiles are
// REFUSED and no single latency is kept. Aggregates in the file are left out,
// since they are made from the rest; a benchmark that failed is UNAVAILABLE
// with its message. INVALID_ARGUMENT: no such JSON; names the entry and the
// field.
absl::StatusOr<std::vector<LatencyRecord>> ReadGoogleBenchmark(
    absl::string_view json);

// Every timing with a value: "task/method/network/SINGLE_STREAM/f32/1", with
// one repetition per block. There is no time of the CPU in a report: `cpu_time`
// is 0, and the context says so.
std::string WriteGoogleBenchmark(absl::Span<const Report> reports);

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_GOOGLE_BENCHMARK_H_
