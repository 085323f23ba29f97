// Pages of many runs: a thousand should take less than two seconds.
#include <cstdint>
#include <vector>

#include "benchmark/benchmark.h"
#include "harness/report/formats/html/html.h"
#include "harness/report/report.pb.h"
#include "harness/report/testing/sample_reports.h"

namespace assay::formats::html {
namespace {

// As much as a run of the quick suite: two networks, two timings, 704
// latencies.
Report BusyReport(uint64_t seed) {
  Report report = SampleReport();
  report.mutable_identity()->set_seed(seed);
  for (CandidateRecord* network :
       {report.mutable_dense(), report.mutable_candidates(0)}) {
    LatencyRecord timing = network->latency(0);
    DeltaSamples* kept = timing.mutable_kept()->mutable_all();
    kept->clear_delta_ns();
    for (int64_t i = 0; i < 704; ++i) {
      kept->add_delta_ns(i == 0 ? 120000 : (i % 2 == 0 ? -i : i));
    }
    network->clear_latency();
    *network->add_latency() = timing;
    timing.set_batch(32);
    *network->add_latency() = timing;
  }
  return report;
}

void BM_Page(benchmark::State& state) {
  std::vector<Report> reports;
  for (int64_t i = 0; i < state.range(0); ++i) {
    reports.push_back(BusyReport(static_cast<uint64_t>(i)));
  }
  double bytes = 0;
  for (auto _ : state) {
    const auto page = Format().many(reports);
    bytes = static_cast<double>(page->size());
    benchmark::DoNotOptimize(page);
  }
  state.counters["page_bytes"] = bytes;
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Page)->Arg(10)->Arg(100)->Arg(1000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace assay::formats::html
