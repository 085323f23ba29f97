// Linear layers with weights of 4 bits by group against the same layers with
// wide weights, on one thread. Names: precision, then "u4" or "wide";
// arguments: rows, inputs = outputs. Groups of 32 with zero points. A bf16 plan
// has dense layers where there are many rows, whatever is asked.
#include <memory>
#include <string>
#include <utility>

#include "benchmark/benchmark.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/backend/session.h"
#include "harness/core/random.h"
#include "harness/graph/builder.h"
#include "harness/graph/rewrites/lower.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

constexpr int64_t kGroup = 32;

Tensor Bytes(Shape shape) {
  Tensor tensor(DType::kU8, std::move(shape));
  RandomStream random(1, "bytes");
  for (uint8_t& x : tensor.span<uint8_t>()) {
    x = static_cast<uint8_t>(random.Below(256));
  }
  return tensor;
}

Tensor Floats(Shape shape) {
  Tensor tensor(DType::kF32, std::move(shape));
  RandomStream(2, "floats").FillUniform(tensor.span<float>(), 0.01f, 0.02f);
  return tensor;
}

void Linear(benchmark::State& state, FloatPrecision precision, bool packed) {
  const int64_t rows = state.range(0), width = state.range(1);
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const ValueId src = b.Input("src", DType::kF32, {rows, width});
  const ValueId weights =
      packed ? b.Op("dequantize_u4",
                    {b.Constant(Bytes({width, width / kGroup, kGroup / 2})),
                     b.Constant(Floats({width, width / kGroup})),
                     b.Constant(Bytes({width, width / kGroup / 2}))},
                    {{"inputs", width}})
             : b.Constant(Floats({width, width}));
  b.Output("logits", b.Op("linear", {src, weights}));
  LoweringOptions options;
  options.precision = precision;
  const auto lowered = LowerForInference(graph, ParameterStore(), options);
  if (!lowered.ok()) {
    return state.SkipWithError(lowered.status().ToString().c_str());
  }
  const std::unique_ptr<Device> device = MakeCpuDevice();
  auto session =
      Session::Make(device.get(), lowered->graph, nullptr, {.threads = 1});
  if (!session.ok()) {
    return state.SkipWithError(session.status().ToString().c_str());
  }
  if (!(*session)->Feed("src", Floats({rows, width})).ok()) {
    return state.SkipWithError("the feed failed");
  }
  for (auto _ : state) {
    if (!(*session)->Run().ok()) state.SkipWithError("the run failed");
  }
  state.SetItemsProcessed(state.iterations() * rows * width * width);
}

void Sizes(benchmark::internal::Benchmark* b) {
  for (const int64_t rows : {1, 2, 3, 4, 16, 64, 256}) {
    for (const int64_t width : {256, 1024, 4096}) b->Args({rows, width});
  }
  b->ArgNames({"rows", "width"})->Unit(benchmark::kMicrosecond);
}

BENCHMARK_CAPTURE(Linear, f32_wide, FloatPrecision::kF32, false)->Apply(Sizes);
BENCHMARK_CAPTURE(Linear, f32_u4, FloatPrecision::kF32, true)->Apply(Sizes);
BENCHMARK_CAPTURE(Linear, bf16_wide, FloatPrecision::kBf16, false)
    ->Apply(Sizes);
BENCHMARK_CAPTURE(Linear, bf16_u4, FloatPrecision::kBf16, true)->Apply(Sizes);

}  // namespace
}  // namespace assay
