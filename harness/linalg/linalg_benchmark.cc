// Decompositions at the sizes that methods ask for: weights of convolutions
// (up to 512 x 4608), Hessians of linear layers.
#include "benchmark/benchmark.h"
#include "harness/core/random.h"
#include "harness/linalg/linalg.h"

namespace assay {
namespace {

Matrix RandomMatrix(int64_t rows, int64_t columns) {
  RandomStream random(3, "linalg");
  Matrix a(rows, columns);
  for (double& value : a.values) value = 2 * random.UniformDouble() - 1;
  return a;
}

void BM_ThinSvd(benchmark::State& state) {
  const Matrix a = RandomMatrix(state.range(0), state.range(1));
  for (auto _ : state) benchmark::DoNotOptimize(ThinSvd(a));
}
BENCHMARK(BM_ThinSvd)
    ->Args({16, 144})
    ->Args({64, 576})
    ->Args({256, 2304})
    ->Args({512, 4608})
    ->Unit(benchmark::kMillisecond);

void BM_SymmetricEigen(benchmark::State& state) {
  const Matrix wide = RandomMatrix(state.range(0), state.range(0));
  const Matrix a = *Multiply(wide, wide, true);
  for (auto _ : state) benchmark::DoNotOptimize(SymmetricEigen(a));
}
BENCHMARK(BM_SymmetricEigen)->Arg(64)->Arg(512)->Unit(benchmark::kMillisecond);

void BM_InversePositive(benchmark::State& state) {
  Matrix wide = RandomMatrix(state.range(0), state.range(0));
  Matrix a = *Multiply(wide, wide, true);
  for (int64_t i = 0; i < a.rows; ++i) a(i, i) += 1;
  for (auto _ : state) benchmark::DoNotOptimize(InversePositive(a));
}
BENCHMARK(BM_InversePositive)
    ->Arg(256)
    ->Arg(688)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace assay
