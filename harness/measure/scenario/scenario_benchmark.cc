// What the harness itself adds to a query: a system that answers at once.
#include "absl/status/status.h"
#include "benchmark/benchmark.h"
#include "harness/measure/scenario/scenario.h"

namespace assay {
namespace {

class Nothing final : public SystemUnderTest {
 public:
  absl::Status Answer(absl::Span<const int64_t>) override {
    return absl::OkStatus();
  }
};

void BM_EmptyQuery(benchmark::State& state) {
  Nothing system;
  ScenarioSettings settings;
  settings.min_queries = 100'000;
  settings.warm_up_seconds = 0.0;
  settings.rounds = 1;
  double busy = 0.0, queries = 0.0;
  for (auto _ : state) {
    const auto timings =
        RunScenario(settings, {{"nothing", &system}}, MonotonicClock());
    busy += static_cast<double>(timings->variants[0].busy_ns);
    queries += static_cast<double>(timings->variants[0].latency_ns.size());
  }
  state.counters["ns_per_query"] = busy / queries;
  // Of a query of 100 us, of which at most 1 % may be measuring.
  state.counters["share_of_100us"] = busy / queries / 100'000.0;
}
BENCHMARK(BM_EmptyQuery)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace assay
