// Bare oneDNN convolutions and matrix products against programs of one node:
// the roofline of a processor, and what the backend adds. A program's operands
// are row-major, so that its reorders count too.
// Names: kind/type, then batch, channels, extent (3x3, same padding), or the
// extent of square matrices. GFLOP/s count two operations per multiplication.
#include <cstring>
#include <memory>
#include <string>
#include <unordered_map>

#include "benchmark/benchmark.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/backend/cpu/layout.h"
#include "harness/backend/session.h"
#include "harness/graph/builder.h"
#include "harness/ops/ops.h"
#include "oneapi/dnnl/dnnl.hpp"

namespace assay {
namespace {

using cpu::AnyDesc;
using cpu::DnnlType;
using dnnl::memory;

memory Zeros(const memory::desc& desc, const dnnl::engine& engine) {
  memory m(desc, engine);
  std::memset(m.get_data_handle(), 0, desc.get_size());
  return m;
}

void CountRate(benchmark::State& state, double multiplications) {
  state.counters["GFLOP/s"] = benchmark::Counter(
      2e-9 * multiplications, benchmark::Counter::kIsIterationInvariantRate);
}

DType WeightsType(DType dtype) {
  return dtype == DType::kU8 ? DType::kS8 : dtype;
}

double ConvWork(const benchmark::State& state) {
  const double n = static_cast<double>(state.range(0));
  const double c = static_cast<double>(state.range(1));
  const double h = static_cast<double>(state.range(2));
  return n * c * c * h * h * 9;
}

void BareConv(benchmark::State& state, DType dtype) {
  const int64_t n = state.range(0), c = state.range(1), h = state.range(2);
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  const Shape image = {n, c, h, h};
  const dnnl::convolution_forward::primitive_desc pd(
      engine, dnnl::prop_kind::forward_inference,
      dnnl::algorithm::convolution_direct, AnyDesc(dtype, image),
      AnyDesc(WeightsType(dtype), {c, c, 3, 3}), AnyDesc(dtype, image), {1, 1},
      {1, 1}, {1, 1});
  std::unordered_map<int, memory> arguments = {
      {DNNL_ARG_SRC, Zeros(pd.src_desc(), engine)},
      {DNNL_ARG_WEIGHTS, Zeros(pd.weights_desc(), engine)},
      {DNNL_ARG_DST, Zeros(pd.dst_desc(), engine)}};
  const dnnl::convolution_forward conv(pd);
  for (auto _ : state) {
    conv.execute(stream, arguments);
    stream.wait();
  }
  CountRate(state, ConvWork(state));
}

void BareMatmul(benchmark::State& state, DType dtype) {
  const int64_t n = state.range(0);
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  const dnnl::matmul::primitive_desc pd(engine, cpu::PlainDesc(dtype, {n, n}),
                                        AnyDesc(WeightsType(dtype), {n, n}),
                                        cpu::PlainDesc(dtype, {n, n}));
  std::unordered_map<int, memory> arguments = {
      {DNNL_ARG_SRC, Zeros(pd.src_desc(), engine)},
      {DNNL_ARG_WEIGHTS, Zeros(pd.weights_desc(), engine)},
      {DNNL_ARG_DST, Zeros(pd.dst_desc(), engine)}};
  const dnnl::matmul matmul(pd);
  for (auto _ : state) {
    matmul.execute(stream, arguments);
    stream.wait();
  }
  const double extent = static_cast<double>(n);
  CountRate(state, extent * extent * extent);
}

// Runs a graph of one input, "src", and the output "dst".
void TimeProgram(benchmark::State& state, const Graph& graph) {
  const std::unique_ptr<Device> device = MakeCpuDevice();
  auto session = Session::Make(device.get(), graph, nullptr);
  if (!session.ok()) {
    state.SkipWithError(std::string(session.status().message()).c_str());
    return;
  }
  const TensorType& type = graph.type(graph.inputs()[0]);
  if (!(*session)->Feed("src", Tensor::Zeros(type.dtype, type.shape)).ok()) {
    return;
  }
  for (auto _ : state) {
    if (!(*session)->Run().ok()) state.SkipWithError("a run failed");
  }
}

void ProgramConv(benchmark::State& state, DType dtype) {
  const int64_t n = state.range(0), c = state.range(1), h = state.range(2);
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const ValueId src = b.Input("src", dtype, {n, c, h, h});
  const ValueId weights =
      b.Constant(Tensor::Zeros(WeightsType(dtype), {c, c, 3, 3}));
  b.Output("dst", b.Op("conv2d_fused", {src, weights},
                       {{"pads", std::vector<int64_t>{1, 1, 1, 1}},
                        {"dst_dtype", std::string(Name(dtype))}}));
  TimeProgram(state, graph);
  CountRate(state, ConvWork(state));
}

void ProgramMatmul(benchmark::State& state, DType dtype) {
  const int64_t n = state.range(0);
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const ValueId src = b.Input("src", dtype, {n, n});
  const ValueId weights = b.Constant(Tensor::Zeros(WeightsType(dtype), {n, n}));
  b.Output("dst", b.Op("linear_fused", {src, weights},
                       {{"dst_dtype", std::string(Name(dtype))}}));
  TimeProgram(state, graph);
  const double extent = static_cast<double>(n);
  CountRate(state, extent * extent * extent);
}

void Convolutions(benchmark::internal::Benchmark* b) {
  for (const int64_t batch : {1, 128}) {
    b->Args({batch, 16, 32})->Args({batch, 32, 16})->Args({batch, 64, 8});
  }
  b->Args({1, 128, 28})->Unit(benchmark::kMicrosecond)->UseRealTime();
}

void Matrices(benchmark::internal::Benchmark* b) {
  b->Arg(256)->Arg(1024)->Unit(benchmark::kMicrosecond)->UseRealTime();
}

BENCHMARK_CAPTURE(BareConv, f32, DType::kF32)->Apply(Convolutions);
BENCHMARK_CAPTURE(BareConv, bf16, DType::kBF16)->Apply(Convolutions);
BENCHMARK_CAPTURE(BareConv, u8s8, DType::kU8)->Apply(Convolutions);
BENCHMARK_CAPTURE(ProgramConv, f32, DType::kF32)->Apply(Convolutions);
BENCHMARK_CAPTURE(ProgramConv, bf16, DType::kBF16)->Apply(Convolutions);
BENCHMARK_CAPTURE(ProgramConv, u8s8, DType::kU8)->Apply(Convolutions);
BENCHMARK_CAPTURE(BareMatmul, f32, DType::kF32)->Apply(Matrices);
BENCHMARK_CAPTURE(BareMatmul, bf16, DType::kBF16)->Apply(Matrices);
BENCHMARK_CAPTURE(BareMatmul, u8s8, DType::kU8)->Apply(Matrices);
BENCHMARK_CAPTURE(ProgramMatmul, f32, DType::kF32)->Apply(Matrices);
BENCHMARK_CAPTURE(ProgramMatmul, bf16, DType::kBF16)->Apply(Matrices);
BENCHMARK_CAPTURE(ProgramMatmul, u8s8, DType::kU8)->Apply(Matrices);

}  // namespace
}  // namespace assay
