// Bare oneDNN convolutions and matrix products against programs of one node:
// the roofline of a processor, and what the backend adds. A program's operands
// are row-major, so that its reorders count too. Own depthwise kernels need a
// processor that has AVX-512 with BF16 and VNNI.
// Names: kind/type, then batch, channels, extent (3x3, same padding), for
// depthwise ones the stride, or the extent of square matrices. GFLOP/s count
// two operations per multiplication.
#include <cstring>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "benchmark/benchmark.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/backend/cpu/layout.h"
#include "harness/backend/session.h"
#include "harness/graph/builder.h"
#include "harness/ops/fused/cpu/depthwise_float_rows.h"
#include "harness/ops/fused/cpu/depthwise_rows.h"
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

// A primitive of a source, weights and a destination, all zeros.
template <typename Primitive>
void Run(benchmark::State& state, const typename Primitive::primitive_desc& pd,
         const dnnl::engine& engine) {
  dnnl::stream stream(engine);
  const std::unordered_map<int, memory> arguments = {
      {DNNL_ARG_SRC, Zeros(pd.src_desc(), engine)},
      {DNNL_ARG_WEIGHTS, Zeros(pd.weights_desc(), engine)},
      {DNNL_ARG_DST, Zeros(pd.dst_desc(), engine)}};
  const Primitive primitive(pd);
  for (auto _ : state) {
    primitive.execute(stream, arguments);
    stream.wait();
  }
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
  const Shape image = {n, c, h, h};
  const dnnl::convolution_forward::primitive_desc pd(
      engine, dnnl::prop_kind::forward_inference,
      dnnl::algorithm::convolution_direct, AnyDesc(dtype, image),
      AnyDesc(WeightsType(dtype), {c, c, 3, 3}), AnyDesc(dtype, image), {1, 1},
      {1, 1}, {1, 1});
  Run<dnnl::convolution_forward>(state, pd, engine);
  CountRate(state, ConvWork(state));
}

double DepthwiseWork(const benchmark::State& state) {
  const double outputs = static_cast<double>(state.range(2) / state.range(3));
  return static_cast<double>(state.range(0) * state.range(1) * 9) * outputs *
         outputs;
}

void BareDepthwise(benchmark::State& state, DType dtype) {
  const int64_t n = state.range(0), c = state.range(1), h = state.range(2);
  const int64_t stride = state.range(3), out = h / stride;
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  const int64_t end = (out - 1) * stride + 2 - h;  // padding behind
  const dnnl::convolution_forward::primitive_desc pd(
      engine, dnnl::prop_kind::forward_inference,
      dnnl::algorithm::convolution_direct, AnyDesc(dtype, {n, c, h, h}),
      AnyDesc(WeightsType(dtype), {c, 1, 1, 3, 3}),
      AnyDesc(dtype, {n, c, out, out}), {stride, stride}, {1, 1}, {end, end});
  Run<dnnl::convolution_forward>(state, pd, engine);
  CountRate(state, DepthwiseWork(state));
}

void BareMatmul(benchmark::State& state, DType dtype) {
  const int64_t n = state.range(0);
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  const dnnl::matmul::primitive_desc pd(engine, cpu::PlainDesc(dtype, {n, n}),
                                        AnyDesc(WeightsType(dtype), {n, n}),
                                        cpu::PlainDesc(dtype, {n, n}));
  Run<dnnl::matmul>(state, pd, engine);
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

// Own kernels, in the layout that they like: blocks of sixteen channels.
template <typename T>
void OwnDepthwise(benchmark::State& state) {
  const int64_t n = state.range(0), c = state.range(1), h = state.range(2);
  const int64_t stride = state.range(3), out = h / stride;
  cpu::DepthwiseFloatRows rows;
  rows.height = rows.width = h;
  rows.out_width = out;
  rows.src_row = 16 * h;
  rows.dst_row = 16 * out;
  rows.strides[0] = rows.strides[1] = stride;
  rows.pad_top = rows.pad_left = 1;
  rows.high = 6;
  const int64_t blocks = n * c / 16;
  std::vector<T> src(static_cast<size_t>(blocks * h * h * 16));
  std::vector<T> dst(static_cast<size_t>(blocks * out * out * 16));
  const cpu::DepthwiseFloatBlock constants = {};
  for (auto _ : state) {
    for (int64_t i = 0; i < blocks; ++i) {
      cpu::DepthwiseFloat(rows, constants, src.data() + i * h * h * 16, 0, out,
                          dst.data() + i * out * out * 16);
    }
    benchmark::ClobberMemory();
  }
  CountRate(state, DepthwiseWork(state));
}

// Channels last.
void OwnByteDepthwise(benchmark::State& state) {
  const int64_t n = state.range(0), c = state.range(1), h = state.range(2);
  const int64_t stride = state.range(3), out = h / stride;
  cpu::DepthwiseRows rows;
  rows.channels = c;
  rows.width = h;
  rows.out_width = out;
  rows.stride = stride;
  rows.pad_left = 1;
  rows.clamps = false;
  const std::vector<cpu::DepthwiseBlock> blocks(
      static_cast<size_t>(c / cpu::kDepthwiseChannels + 1));
  rows.blocks = blocks.data();
  std::vector<uint8_t> src(static_cast<size_t>(n * h * h * c));
  std::vector<uint8_t> dst(static_cast<size_t>(n * out * out * c));
  for (auto _ : state) {
    for (int64_t i = 0; i < n * out; ++i) {
      const uint8_t* image = src.data() + i / out * h * h * c;
      const uint8_t* under[3];
      for (int64_t k = 0; k < 3; ++k) {
        const int64_t y = i % out * stride - 1 + k;
        under[k] = y < 0 || y >= h ? nullptr : image + y * h * c;
      }
      cpu::DepthwiseRow(rows, under, dst.data() + i * out * c);
    }
    benchmark::ClobberMemory();
  }
  CountRate(state, DepthwiseWork(state));
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

void Depthwise(benchmark::internal::Benchmark* b) {
  b->Args({1, 32, 112, 1})->Args({1, 96, 112, 2})->Args({1, 192, 28, 1});
  b->Args({1, 576, 14, 1})->Unit(benchmark::kMicrosecond)->UseRealTime();
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
BENCHMARK_CAPTURE(BareDepthwise, f32, DType::kF32)->Apply(Depthwise);
BENCHMARK_CAPTURE(BareDepthwise, bf16, DType::kBF16)->Apply(Depthwise);
BENCHMARK_CAPTURE(BareDepthwise, u8s8, DType::kU8)->Apply(Depthwise);
BENCHMARK_TEMPLATE(OwnDepthwise, float)->Apply(Depthwise);
BENCHMARK_TEMPLATE(OwnDepthwise, BFloat16)->Apply(Depthwise);
BENCHMARK(OwnByteDepthwise)->Apply(Depthwise);
BENCHMARK_CAPTURE(BareMatmul, f32, DType::kF32)->Apply(Matrices);
BENCHMARK_CAPTURE(BareMatmul, bf16, DType::kBF16)->Apply(Matrices);
BENCHMARK_CAPTURE(BareMatmul, u8s8, DType::kU8)->Apply(Matrices);
BENCHMARK_CAPTURE(ProgramMatmul, f32, DType::kF32)->Apply(Matrices);
BENCHMARK_CAPTURE(ProgramMatmul, bf16, DType::kBF16)->Apply(Matrices);
BENCHMARK_CAPTURE(ProgramMatmul, u8s8, DType::kU8)->Apply(Matrices);

}  // namespace
}  // namespace assay
