// What the backend makes of whole networks. Names: network/batch.
#include <memory>
#include <string>
#include <utility>

#include "benchmark/benchmark.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/backend/session.h"
#include "harness/core/random.h"
#include "harness/core/status_macros.h"
#include "harness/graph/rewrites/fold_batch_norm.h"
#include "harness/graph/rewrites/lower.h"
#include "harness/graph/rewrites/quantize.h"
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

enum class Plan { kF32, kBf16, kInt8 };

// Every layer in 8 bits, on grids that hold what random weights give.
absl::StatusOr<QuantizedNetwork> QuantizeAll(const Graph& graph,
                                             const ParameterStore& store) {
  ASSAY_ASSIGN_OR_RETURN(const FoldedNetwork folded,
                         FoldBatchNorm(graph, store));
  QuantizeOptions options;
  for (ValueId id = 0; id < folded.graph.value_count(); ++id) {
    const Value& value = folded.graph.value(id);
    if (value.kind == ValueKind::kParameter) continue;
    const bool positive = value.producer != kNoNode &&
                          folded.graph.node(value.producer).op == "relu";
    options.activations[value.name] = {positive ? 0.0 : -8.0, 8.0};
  }
  for (NodeId id = 0; id < folded.graph.node_count(); ++id) {
    const Node& node = folded.graph.node(id);
    if (node.op != "conv2d" && node.op != "linear") continue;
    const std::string& name = folded.graph.value(node.inputs[1]).name;
    options.weight_scales[name] =
        WeightScales(*folded.parameters.Find(name), true);
  }
  return Quantize(folded.graph, folded.parameters, options);
}

absl::StatusOr<LoweredNetwork> MakePlan(const std::string& network,
                                        int64_t batch, Plan plan) {
  ReferenceGraphOptions options;
  options.batch = batch;
  ASSAY_ASSIGN_OR_RETURN(const ReferenceGraph made,
                         BuildReferenceGraph(network, StandardOps(), options));
  ASSAY_ASSIGN_OR_RETURN(const ParameterStore store,
                         Initialise(made.graph, made.initialisers, 1));
  LoweringOptions lowering;
  if (plan == Plan::kInt8) {
    ASSAY_ASSIGN_OR_RETURN(const QuantizedNetwork quantized,
                           QuantizeAll(made.graph, store));
    return LowerForInference(quantized.graph, quantized.parameters, lowering);
  }
  if (plan == Plan::kBf16) lowering.precision = FloatPrecision::kBf16;
  return LowerForInference(made.graph, store, lowering);
}

void Infer(benchmark::State& state, const std::string& network, Plan plan) {
  auto lowered = MakePlan(network, state.range(0), plan);
  if (Failed(state, lowered)) return;
  Time(state, lowered->graph, ParameterStore());
}

// The second argument: samples of a strip; 0 is the plan's choice.
void Strips(benchmark::State& state, const std::string& network, Plan plan) {
  auto lowered = MakePlan(network, state.range(0), plan);
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

BENCHMARK_CAPTURE(Strips, mobilenet_v2_f32, "mobilenet-v2", Plan::kF32)
    ->Apply(StripSizes);
BENCHMARK_CAPTURE(Strips, mobilenet_v2_bf16, "mobilenet-v2", Plan::kBf16)
    ->Apply(StripSizes);
BENCHMARK_CAPTURE(Strips, mobilenet_v2_int8, "mobilenet-v2", Plan::kInt8)
    ->Apply(StripSizes);
BENCHMARK_CAPTURE(Train, resnet20_f32, "resnet20", false)->Apply(TrainingSizes);
BENCHMARK_CAPTURE(Train, resnet20_bf16, "resnet20", true)->Apply(TrainingSizes);
BENCHMARK_CAPTURE(Infer, resnet20_f32, "resnet20", Plan::kF32)
    ->Apply(PlanSizes);
BENCHMARK_CAPTURE(Infer, resnet20_bf16, "resnet20", Plan::kBf16)
    ->Apply(PlanSizes);
BENCHMARK_CAPTURE(Infer, resnet20_int8, "resnet20", Plan::kInt8)
    ->Apply(PlanSizes);
BENCHMARK_CAPTURE(Infer, dscnn_f32, "dscnn", Plan::kF32)->Apply(PlanSizes);
BENCHMARK_CAPTURE(Infer, dscnn_bf16, "dscnn", Plan::kBf16)->Apply(PlanSizes);
BENCHMARK_CAPTURE(Infer, dscnn_int8, "dscnn", Plan::kInt8)->Apply(PlanSizes);

}  // namespace
}  // namespace assay
