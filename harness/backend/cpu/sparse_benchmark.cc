// Dense against sparse layers on one thread, to find the density at which the
// zeros are worth leaving out (LoweringOptions::sparse_density), and whole
// networks.
// Names: op, weights' shape, extent of the image or rows; arguments: density in
// percent, then whether sparse. Run with --benchmark_enable_random_interleaving
// and repetitions.
#include <memory>
#include <string>
#include <utility>

#include "benchmark/benchmark.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/backend/session.h"
#include "harness/core/random.h"
#include "harness/graph/builder.h"
#include "harness/graph/rewrites/lower.h"
#include "harness/models/init.h"
#include "harness/models/registry.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

void Sparsify(Tensor* weights, int64_t percent) {
  Tensor chance(DType::kF32, weights->shape());
  RandomStream(3, "mask").FillUniform(chance.span<float>(), 0, 100);
  for (int64_t i = 0; i < weights->size(); ++i) {
    if (chance.data<float>()[i] >= static_cast<float>(percent)) {
      weights->data<float>()[i] = 0;
    }
  }
}

void RunPlan(benchmark::State& state, const Graph& graph,
             const ParameterStore& parameters, double sparse_density) {
  LoweringOptions options;
  options.sparse_density = state.range(1) != 0 ? sparse_density : 0;
  const auto lowered = LowerForInference(graph, parameters, options);
  if (!lowered.ok()) {
    return state.SkipWithError(lowered.status().ToString().c_str());
  }
  const std::unique_ptr<Device> device = MakeCpuDevice();
  auto session =
      Session::Make(device.get(), lowered->graph, nullptr, {.threads = 1});
  if (!session.ok()) {
    return state.SkipWithError(session.status().ToString().c_str());
  }
  const ValueId input = lowered->graph.inputs()[0];
  Tensor value(DType::kF32, lowered->graph.shape(input));
  RandomStream(2, "input").FillNormal(value.span<float>(), 0, 1);
  if (!(*session)->Feed(lowered->graph.value(input).name, value).ok()) {
    return state.SkipWithError("the feed failed");
  }
  for (auto _ : state) {
    if (!(*session)->Run().ok()) state.SkipWithError("the run failed");
  }
}

void Layer(benchmark::State& state, const char* op, Shape src, Shape weights,
           int64_t pad) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  ParameterStore parameters;
  Tensor w(DType::kF32, weights);
  RandomStream(1, "weights").FillNormal(w.span<float>(), 0, 1);
  Sparsify(&w, state.range(0));
  parameters.Set("weights", std::move(w));
  Attributes attributes;
  if (pad > 0) attributes.Set("pads", std::vector<int64_t>(4, pad));
  // Two layers: what their layouts cost in between counts, too.
  ValueId v = b.Input("src", DType::kF32, std::move(src));
  const ValueId p = b.Parameter("weights", DType::kF32, std::move(weights));
  for (const char* name : {"first", "second"}) {
    v = b.Op("relu", {b.Op(op, {v, p}, attributes, name)}, {},
             std::string(name) + "/relu");
  }
  b.Output("logits", v);
  RunPlan(state, graph, parameters, 1);  // whatever the density
}

void Network(benchmark::State& state, const char* name) {
  ReferenceGraphOptions options;
  options.batch = state.range(2);
  auto made = BuildReferenceGraph(name, StandardOps(), options);
  if (!made.ok()) return state.SkipWithError("no such network");
  auto parameters = Initialise(made->graph, made->initialisers, 7);
  if (!parameters.ok()) return state.SkipWithError("no parameters");
  for (const ValueId id : made->graph.parameters()) {
    const std::string& parameter = made->graph.value(id).name;
    if (made->graph.shape(id).size() < 2) continue;
    Tensor weights = parameters->Find(parameter)->Clone();
    Sparsify(&weights, state.range(0));
    parameters->Set(parameter, std::move(weights));
  }
  RunPlan(state, made->graph, *parameters, LoweringOptions().sparse_density);
}

void Densities(benchmark::internal::Benchmark* b) {
  for (const int64_t percent : {2, 5, 10, 15, 20, 30, 40}) {
    for (const int64_t sparse : {0, 1}) b->Args({percent, sparse});
  }
  b->ArgNames({"percent", "sparse"})->Unit(benchmark::kMicrosecond);
}

BENCHMARK_CAPTURE(Layer, conv_16x16x3x3_on_32x32, "conv2d",
                  Shape{1, 16, 32, 32}, Shape{16, 16, 3, 3}, 1)
    ->Apply(Densities);
BENCHMARK_CAPTURE(Layer, conv_64x64x3x3_on_8x8, "conv2d", Shape{1, 64, 8, 8},
                  Shape{64, 64, 3, 3}, 1)
    ->Apply(Densities);
BENCHMARK_CAPTURE(Layer, conv_256x256x3x3_on_14x14, "conv2d",
                  Shape{1, 256, 14, 14}, Shape{256, 256, 3, 3}, 1)
    ->Apply(Densities);
BENCHMARK_CAPTURE(Layer, conv_256x256x1x1_on_28x28, "conv2d",
                  Shape{1, 256, 28, 28}, Shape{256, 256, 1, 1}, 0)
    ->Apply(Densities);
BENCHMARK_CAPTURE(Layer, linear_512x512_on_1, "linear", Shape{1, 512},
                  Shape{512, 512}, 0)
    ->Apply(Densities);
BENCHMARK_CAPTURE(Layer, linear_512x512_on_128, "linear", Shape{128, 512},
                  Shape{512, 512}, 0)
    ->Apply(Densities);

void Networks(benchmark::internal::Benchmark* b) {
  for (const int64_t batch : {1, 32}) {
    for (const int64_t percent : {5, 10, 20}) {
      for (const int64_t sparse : {0, 1}) b->Args({percent, sparse, batch});
    }
  }
  b->ArgNames({"percent", "sparse", "batch"})->Unit(benchmark::kMicrosecond);
}

BENCHMARK_CAPTURE(Network, resnet20, "resnet20")->Apply(Networks);
BENCHMARK_CAPTURE(Network, dscnn, "dscnn")->Apply(Networks);
BENCHMARK_CAPTURE(Network, resnet50, "resnet50")
    ->Args({5, 0, 1})
    ->Args({5, 1, 1})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace assay
