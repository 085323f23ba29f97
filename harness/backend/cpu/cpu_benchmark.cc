// What the backend makes of whole networks. Names: network/batch.
#include <memory>
#include <string>
#include <utility>

#include "benchmark/benchmark.h"
#include "harness/backend/cpu/benchmark_plans.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/backend/session.h"
#include "harness/core/random.h"
#include "harness/models/init.h"
#include "harness/models/registry.h"
#include "harness/ops/ops.h"
#include "harness/train/step.h"

namespace assay {
namespace {

// Fails the benchmark when a status is not OK.
template <typename StatusOrValue>
bool Failed(benchmark::State& state, const StatusOrValue& result) {
  const absl::Status status = absl::Status(result.status());
  if (status.ok()) return false;
  state.SkipWithError(std::string(status.message()).c_str());
  return true;
}

Tensor Example(const TensorType& type) {
  RandomStream stream(1, "example");
  Tensor t = Tensor::Zeros(type.dtype, type.shape);
  if (type.dtype == DType::kF32 && t.rank() > 0) {
    stream.FillNormal(t.span<float>(), 0, 1);
  } else if (type.dtype == DType::kF32) {
    t.data<float>()[0] = 1e-3f;
  } else if (type.dtype == DType::kS32) {
    for (int32_t& x : t.span<int32_t>()) {
      x = static_cast<int32_t>(stream.Below(10));
    }
  } else if (type.dtype == DType::kS64) {
    t.data<int64_t>()[0] = 1;
  }
  return t;
}

// Runs `graph` until the benchmark has seen enough; parameters that `store`
// lacks (the optimiser's state) start at 0.
void Time(benchmark::State& state, const Graph& graph, ParameterStore store,
          const CpuOptions& options = {}) {
  for (const ValueId p : graph.parameters()) {
    const Value& value = graph.value(p);
    if (!store.Has(value.name)) {
      store.Set(value.name, Tensor::Zeros(value.type.dtype, value.type.shape));
    }
  }
  const std::unique_ptr<Device> device = MakeCpuDevice(options);
  DeviceParameters parameters(device.get());
  if (!parameters.Load(store).ok()) return;
  auto session = Session::Make(device.get(), graph, &parameters);
  if (Failed(state, session)) return;
  for (const ValueId input : graph.inputs()) {
    const Value& value = graph.value(input);
    if (!(*session)->Feed(value.name, Example(value.type)).ok()) return;
  }
  for (auto _ : state) {
    const absl::Status ran = (*session)->Run();
    if (!ran.ok()) state.SkipWithError(std::string(ran.message()).c_str());
  }
  state.counters["scratch_mib"] =
      static_cast<double>((*session)->program().scratch_bytes()) / (1 << 20);
}

void Train(benchmark::State& state, const std::string& network, bool bf16) {
  ReferenceGraphOptions options;
  options.batch = state.range(0);
  auto made = BuildReferenceGraph(network, StandardOps(), options);
  if (Failed(state, made)) return;
  auto store = Initialise(made->graph, made->initialisers, 1);
  if (Failed(state, store)) return;
  StepOptions step;
  step.bf16 = bf16;
  step.optimizer.weight_decay = 1e-4;
  auto graph = BuildStep(made->graph, step);
  if (Failed(state, graph)) return;
  Time(state, *graph, *std::move(store));
}

void Infer(benchmark::State& state, const std::string& network, PlanType type) {
  auto lowered = MakeBenchmarkPlan(network, state.range(0), type);
  if (Failed(state, lowered)) return;
  Time(state, lowered->graph, ParameterStore());
}

// The second argument: samples of a strip; 0 is the plan's choice.
void Strips(benchmark::State& state, const std::string& network,
            PlanType type) {
  auto lowered = MakeBenchmarkPlan(network, state.range(0), type);
  if (Failed(state, lowered)) return;
  Time(state, lowered->graph, ParameterStore(),
       {.strip_samples = state.range(1)});
}

void TrainingSizes(benchmark::internal::Benchmark* b) {
  b->Arg(128)->Unit(benchmark::kMillisecond)->UseRealTime();
}
void PlanSizes(benchmark::internal::Benchmark* b) {
  b->Arg(1)->Arg(32)->Unit(benchmark::kMicrosecond)->UseRealTime();
}

void StripSizes(benchmark::internal::Benchmark* b) {
  for (const int64_t samples : {0, 1, 2, 4, 8, 32}) b->Args({32, samples});
  b->Unit(benchmark::kMillisecond)->UseRealTime();
}

BENCHMARK_CAPTURE(Strips, mobilenet_v2_f32, "mobilenet-v2", PlanType::kF32)
    ->Apply(StripSizes);
BENCHMARK_CAPTURE(Strips, mobilenet_v2_bf16, "mobilenet-v2", PlanType::kBf16)
    ->Apply(StripSizes);
BENCHMARK_CAPTURE(Strips, mobilenet_v2_int8, "mobilenet-v2", PlanType::kInt8)
    ->Apply(StripSizes);
BENCHMARK_CAPTURE(Train, resnet20_f32, "resnet20", false)->Apply(TrainingSizes);
BENCHMARK_CAPTURE(Train, resnet20_bf16, "resnet20", true)->Apply(TrainingSizes);
BENCHMARK_CAPTURE(Infer, resnet20_f32, "resnet20", PlanType::kF32)
    ->Apply(PlanSizes);
BENCHMARK_CAPTURE(Infer, resnet20_bf16, "resnet20", PlanType::kBf16)
    ->Apply(PlanSizes);
BENCHMARK_CAPTURE(Infer, resnet20_int8, "resnet20", PlanType::kInt8)
    ->Apply(PlanSizes);
BENCHMARK_CAPTURE(Infer, dscnn_f32, "dscnn", PlanType::kF32)->Apply(PlanSizes);
BENCHMARK_CAPTURE(Infer, dscnn_bf16, "dscnn", PlanType::kBf16)
    ->Apply(PlanSizes);
BENCHMARK_CAPTURE(Infer, dscnn_int8, "dscnn", PlanType::kInt8)
    ->Apply(PlanSizes);

}  // namespace
}  // namespace assay
