// Reading reports into the index, and looking for changes in a series.
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "harness/core/random.h"
#include "harness/report/history/change_points.h"
#include "harness/report/history/history.h"
#include "harness/report/report.pb.h"
#include "harness/report/report_file.h"
#include "harness/report/testing/sample_reports.h"

namespace assay {
namespace {

// A folder of `n` reports that goes away with its owner.
class Reports {
 public:
  explicit Reports(int64_t n) {
    std::string name = "/tmp/history_benchmarkXXXXXX";
    folder_ = mkdtemp(name.data());
    Report report = SampleReport();
    for (int64_t i = 0; i < n; ++i) {
      report.mutable_finished()->set_seconds(i);
      const auto written =
          WriteReport(absl::StrCat(folder_, "/", i, ".report.pb"), report);
      if (!written.ok()) std::abort();
    }
  }
  ~Reports() { std::filesystem::remove_all(folder_); }
  const std::string& folder() const { return folder_; }

 private:
  std::string folder_;
};

void BM_Index(benchmark::State& state) {
  const Reports reports(state.range(0));
  for (auto _ : state) {
    auto history = History::Open(":memory:");
    if (!history.ok()) std::abort();
    auto counts = history->IndexFolder(reports.folder());
    if (!counts.ok() || counts->read != state.range(0)) std::abort();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Index)->Arg(100)->Arg(10000)->Unit(benchmark::kMillisecond);

void BM_IndexUnchanged(benchmark::State& state) {
  const Reports reports(state.range(0));
  auto history = History::Open(":memory:");
  if (!history.ok()) std::abort();
  for (auto _ : state) {
    auto counts = history->IndexFolder(reports.folder());
    if (!counts.ok()) std::abort();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_IndexUnchanged)->Arg(10000)->Unit(benchmark::kMillisecond);

void BM_ChangePoints(benchmark::State& state) {
  RandomStream random(1, "history_benchmark");
  std::vector<double> series;
  for (int64_t i = 0; i < state.range(0); ++i) {
    series.push_back(random.UniformDouble() +
                     (i < state.range(0) / 2 ? 0.0 : 0.5));
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(FindChangePoints(series));
  }
}
BENCHMARK(BM_ChangePoints)->Arg(30)->Arg(300)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace assay
