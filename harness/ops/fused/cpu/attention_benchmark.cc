// Attention of networks that people deploy, on one thread: f32, bf16, and bytes
// of either sign. Queries, keys and values lie beside each other, as one layer
// makes them. Arguments: heads, tokens, features of a head, batch.
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "benchmark/benchmark.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/backend/session.h"
#include "harness/core/random.h"
#include "harness/core/tensor.h"
#include "harness/graph/builder.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

Tensor Source(DType dtype, Shape shape) {
  Tensor tensor(DType::kF32, std::move(shape));
  RandomStream random(1, "source");
  if (IsFloat(dtype)) {
    random.FillNormal(tensor.span<float>(), 0, 1);
  } else {
    const float low = dtype == DType::kU8 ? 0 : -128;
    random.FillUniform(tensor.span<float>(), low, low + 255);
  }
  return tensor.Cast(dtype);
}

Attributes AttributesOf(DType dtype, int64_t batch, int64_t heads,
                        int64_t tokens, int64_t features) {
  const int64_t width = heads * features, row = 3 * width;
  const auto view = [&](int64_t offset) {
    return Ints{offset, tokens * row, features, row};
  };
  Attributes attributes = {
      {"extents", Ints{batch, heads, tokens, tokens, features}},
      {"query_view", view(0)},
      {"key_view", view(width)},
      {"value_view", view(2 * width)},
      {"scale", 1 / std::sqrt(static_cast<double>(features))}};
  if (IsFloat(dtype)) return attributes;
  for (const std::string operand : {"query", "key", "value"}) {
    attributes.Set(operand + "_scale", 0.02);
    attributes.Set(operand + "_zero_point",
                   int64_t{dtype == DType::kU8 ? 128 : 0});
  }
  return attributes;
}

void Attention(benchmark::State& state, DType dtype) {
  const int64_t heads = state.range(0), tokens = state.range(1);
  const int64_t features = state.range(2), batch = state.range(3);
  const Shape shape = {batch, tokens, 3 * heads * features};
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const ValueId src = b.Input("src", dtype, shape);
  b.Output("dst", b.Op("attention_fused", {src, src, src},
                       AttributesOf(dtype, batch, heads, tokens, features)));
  if (!b.status().ok()) {
    return state.SkipWithError(b.status().ToString().c_str());
  }
  const std::unique_ptr<Device> device = MakeCpuDevice();
  auto session = Session::Make(device.get(), graph, nullptr, {.threads = 1});
  if (!session.ok()) {
    return state.SkipWithError(session.status().ToString().c_str());
  }
  if (!(*session)->Feed("src", Source(dtype, shape)).ok()) {
    return state.SkipWithError("the feed failed");
  }
  for (auto _ : state) {
    if (!(*session)->Run().ok()) state.SkipWithError("the run failed");
  }
  // Multiply-accumulates.
  state.SetItemsProcessed(state.iterations() * 2 * batch * heads * tokens *
                          tokens * features);
}

// ViT-Tiny of 16x16 patches, and BERT-tiny at its two usual lengths.
void Networks(benchmark::internal::Benchmark* b) {
  for (const int64_t batch : {1, 8}) {
    b->Args({3, 197, 64, batch});
    b->Args({2, 128, 64, batch});
    b->Args({2, 512, 64, batch});
  }
  b->ArgNames({"heads", "tokens", "features", "batch"})
      ->Unit(benchmark::kMicrosecond);
}

BENCHMARK_CAPTURE(Attention, f32, DType::kF32)->Apply(Networks);
BENCHMARK_CAPTURE(Attention, bf16, DType::kBF16)->Apply(Networks);
BENCHMARK_CAPTURE(Attention, u8, DType::kU8)->Apply(Networks);
BENCHMARK_CAPTURE(Attention, s8, DType::kS8)->Apply(Networks);

}  // namespace
}  // namespace assay
