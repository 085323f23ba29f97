// What one generation, one volume and one fit cost.
#include <random>
#include <utility>
#include <vector>

#include "benchmark/benchmark.h"
#include "harness/abi/search/nsga2.h"
#include "harness/abi/search/pareto.h"
#include "harness/abi/search/predictor.h"

namespace assay::search {
namespace {

Rows Uniform(size_t n, size_t columns) {
  std::mt19937 random(1);
  Rows rows(n, Row(columns));
  for (Row& row : rows) {
    for (double& v : row) v = static_cast<double>(random()) / 4294967296.0;
  }
  return rows;
}

void BM_Survivors(benchmark::State& state) {
  std::vector<Member> members;
  for (Row& row : Uniform(static_cast<size_t>(state.range(0)), 2)) {
    members.push_back({{}, std::move(row)});
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(Survivors(members, members.size() / 2));
  }
}
BENCHMARK(BM_Survivors)->Arg(100)->Arg(400);

void BM_Hypervolume(benchmark::State& state) {
  const auto dimensions = static_cast<size_t>(state.range(0));
  const Points points = Uniform(1000, dimensions);
  const Point reference(dimensions, 1);
  for (auto _ : state) {
    benchmark::DoNotOptimize(Hypervolume(points, reference));
  }
}
BENCHMARK(BM_Hypervolume)->Arg(2)->Arg(3);

void BM_FitPredictor(benchmark::State& state) {
  const Rows x = Uniform(250, 135);
  Row y;
  for (const Row& row : x) y.push_back(1 + row[0] + row[1] * row[2]);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        Predictor::Fit(x, y, static_cast<PredictorKind>(state.range(0)), 5,
                       {0.1, 1, 10}, {1, 10, 100}));
  }
}
BENCHMARK(BM_FitPredictor)
    ->Arg(static_cast<int>(PredictorKind::kRidge))
    ->Arg(static_cast<int>(PredictorKind::kSvr))
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace assay::search
