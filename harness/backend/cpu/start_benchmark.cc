// How long a network takes from its description to the first run: a training
// step of a ResNet-50, and a further sub-network of a supernet of which others
// have run. oneDNN's cache of primitives is emptied where a start is cold.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "harness/backend/cpu/cpu_device.h"
#include "harness/backend/program_cache.h"
#include "harness/core/random.h"
#include "harness/graph/elastic/subnet.h"
#include "harness/models/resnet/resnet.h"
#include "harness/models/resnet_cifar/resnet_cifar.h"
#include "harness/ops/ops.h"
#include "harness/train/step.h"
#include "oneapi/dnnl/dnnl.hpp"

namespace assay {
namespace {

template <typename T>
T Check(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::fprintf(stderr, "%s\n", value.status().ToString().c_str());
  std::abort();
}

void ForgetPrimitives() {
  const int capacity = dnnl::get_primitive_cache_capacity();
  dnnl::set_primitive_cache_capacity(0);
  dnnl::set_primitive_cache_capacity(capacity);
}

Graph Resnet50(int64_t batch) {
  return Check(ResNet(StandardOps(), 50, {.batch = batch})).graph;
}
Graph Resnet20(int64_t batch) {
  return Check(
             ResNetCifar(StandardOps(), 20, Shortcut::kConv, {.batch = batch}))
      .graph;
}

// Builds, differentiates, compiles: a training step of batch 8.
void BM_StartOfResnet50Step(benchmark::State& state) {
  const std::unique_ptr<Device> device = MakeCpuDevice();
  for (auto _ : state) {
    state.PauseTiming();
    ForgetPrimitives();
    state.ResumeTiming();
    const Graph step = Check(BuildStep(Resnet50(8), {}));
    benchmark::DoNotOptimize(Check(device->Compile(step, {})));
  }
}
BENCHMARK(BM_StartOfResnet50Step)->Unit(benchmark::kMillisecond);

// The same without the compilation.
void BM_GraphOfResnet50Step(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(Check(BuildStep(Resnet50(8), {})));
  }
}
BENCHMARK(BM_GraphOfResnet50Step)->Unit(benchmark::kMillisecond);

// Random widths in eighths, and what they remove.
std::vector<std::vector<int64_t>> Sample(
    const std::vector<ChannelGroup>& groups, RandomStream& stream) {
  std::vector<int64_t> keep;
  for (const ChannelGroup& group : groups) {
    const int64_t count = static_cast<int64_t>(group.channels.size());
    keep.push_back(count * (4 + static_cast<int64_t>(stream.Below(5))) / 8);
  }
  return Check(KeepFirst(groups, keep));
}

// A sub-network that was not seen before: chosen, cut, compiled.
void FurtherSubnet(benchmark::State& state, const Graph& supernet) {
  const std::unique_ptr<Device> device = MakeCpuDevice();
  ProgramCache cache(device.get(), int64_t{1} << 30);
  const ChannelAnalysis analysis = Check(ChannelAnalysis::Of(supernet));
  RandomStream stream(1, "subnets");
  const auto start = [&] {
    const Graph subnet =
        Check(analysis.Remove(Sample(analysis.groups(), stream), nullptr));
    return Check(cache.Get(subnet));
  };
  for (int i = 0; i < 50; ++i) start();
  for (auto _ : state) benchmark::DoNotOptimize(start());
  state.counters["hits"] = static_cast<double>(cache.hits());
  state.counters["misses"] = static_cast<double>(cache.misses());
}

void BM_FurtherSubnetOfResnet20(benchmark::State& state) {
  FurtherSubnet(state, Resnet20(16));
}
BENCHMARK(BM_FurtherSubnetOfResnet20)->Unit(benchmark::kMillisecond);

void BM_FurtherSubnetOfResnet50(benchmark::State& state) {
  FurtherSubnet(state, Resnet50(1));
}
BENCHMARK(BM_FurtherSubnetOfResnet50)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace assay
