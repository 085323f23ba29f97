// A product by seven products of halves beside oneDNN's with weights in the
// form that it likes, on one thread. Arguments: rows, terms, columns:
// ViT-Tiny's layers, whole and as two threads share them, and BERT-tiny's.
#include <omp.h>

#include <vector>

#include "benchmark/benchmark.h"
#include "harness/backend/cpu/cpu_features.h"
#include "harness/ops/matmul/cpu/strassen_rows.h"
#include "oneapi/dnnl/dnnl.hpp"

namespace assay::cpu {
namespace {

using dnnl::memory;

ProductExtents ExtentsOf(const benchmark::State& state) {
  return {state.range(0), state.range(1), state.range(2)};
}

std::vector<float> Ones(int64_t n) {
  return std::vector<float>(static_cast<size_t>(n), 1.0f);
}

void CountRate(benchmark::State& state) {
  const ProductExtents e = ExtentsOf(state);
  state.counters["MAC/s"] =
      benchmark::Counter(static_cast<double>(e.rows * e.terms * e.columns),
                         benchmark::Counter::kIsIterationInvariantRate);
}

void Halves(benchmark::State& state) {
  if (!HasWideVectors()) return state.SkipWithError("needs AVX-512");
  const ProductExtents e = ExtentsOf(state);
  const std::vector<float> left = Ones(e.rows * e.terms);
  std::vector<float> packed = Ones(StrassenPacked(e.terms, e.columns));
  std::vector<float> scratch = Ones(StrassenScratch(e.rows, e.terms));
  std::vector<float> dst = Ones(e.rows * e.columns);
  for (auto _ : state) {
    MultiplyStrassen(e, left.data(), packed.data(), ProductEpilogue(),
                     scratch.data(), dst.data());
    benchmark::ClobberMemory();
  }
  CountRate(state);
}

void Library(benchmark::State& state) {
  const ProductExtents e = ExtentsOf(state);
  omp_set_num_threads(1);
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  const auto desc = [](int64_t rows, int64_t columns, memory::format_tag tag) {
    return memory::desc({rows, columns}, memory::data_type::f32, tag);
  };
  const dnnl::matmul::primitive_desc pd(
      engine, desc(e.rows, e.terms, memory::format_tag::ab),
      desc(e.terms, e.columns, memory::format_tag::any),
      desc(e.rows, e.columns, memory::format_tag::ab));
  const dnnl::matmul product(pd);
  const memory src(pd.src_desc(), engine), weights(pd.weights_desc(), engine);
  const memory dst(pd.dst_desc(), engine);
  for (auto _ : state) {
    product.execute(stream, {{DNNL_ARG_SRC, src},
                             {DNNL_ARG_WEIGHTS, weights},
                             {DNNL_ARG_DST, dst}});
    benchmark::ClobberMemory();
  }
  CountRate(state);
}

void Layers(benchmark::internal::Benchmark* b) {
  for (const int64_t rows : {197, 99}) {
    b->Args({rows, 192, 576})->Args({rows, 192, 192});
    b->Args({rows, 192, 768})->Args({rows, 768, 192});
  }
  b->Args({128, 128, 512})->Args({128, 512, 128});
  b->Unit(benchmark::kMicrosecond);
}

BENCHMARK(Halves)->Apply(Layers);
BENCHMARK(Library)->Apply(Layers);

}  // namespace
}  // namespace assay::cpu
