// Plans of ResNets beside the sum of their bare oneDNN primitives: one
// convolution or matrix product for each layer of the plan, of its shapes and
// types, in the layouts that oneDNN likes best, without bias, addition or
// activation. Plan and primitives run in turns. The time is the plan's;
// "bare_us" the primitives', "of_bare" the share of it that the plan reaches
// (1: as fast as they alone), all medians. Names: network, precision, batch;
// threads are OMP_NUM_THREADS, for the plan and for each primitive on the whole
// batch.
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "benchmark/benchmark.h"
#include "harness/backend/cpu/benchmark_plans.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/backend/cpu/layout.h"
#include "harness/backend/session.h"
#include "harness/core/descriptive.h"
#include "harness/core/random.h"
#include "harness/graph/cost.h"
#include "harness/graph/graph.h"
#include "harness/ops/conv/cpu/conv_geometry.h"
#include "oneapi/dnnl/dnnl.hpp"

namespace assay {
namespace {

using cpu::AnyDesc;
using cpu::DnnlType;
using dnnl::memory;
using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// The primitives of a plan's layers, each with memory of its own.
class BarePrimitives {
 public:
  BarePrimitives(const Graph& plan, int threads)
      : engine_(dnnl::engine::kind::cpu, 0),
        stream_(engine_),
        threads_(threads) {
    // A primitive is made for a number of threads.
    omp_set_num_threads(threads_);
    for (NodeId id = 0; id < plan.node_count(); ++id) {
      const Node& node = plan.node(id);
      if (node.op == "conv2d" || node.op == "conv2d_fused") {
        AddConv(plan, node);
      } else if (node.op == "linear" || node.op == "linear_fused") {
        AddLinear(plan, node);
      } else {
        skipped_macs_ += MacsOf(plan, id);
      }
    }
  }

  int64_t skipped_macs() const { return skipped_macs_; }
  size_t size() const { return calls_.size(); }

  void Run() {
    // A plan of strips runs its steps on one.
    omp_set_num_threads(threads_);
    for (Call& call : calls_) call.primitive.execute(stream_, call.arguments);
    stream_.wait();
  }

 private:
  struct Call {
    dnnl::primitive primitive;
    std::unordered_map<int, memory> arguments;
  };

  memory Zeros(const memory::desc& desc) {
    memory m(desc, engine_);
    std::memset(m.get_data_handle(), 0, desc.get_size());
    return m;
  }

  template <typename Descriptor>
  void Add(const dnnl::primitive& primitive, const Descriptor& pd) {
    calls_.push_back({primitive,
                      {{DNNL_ARG_SRC, Zeros(pd.src_desc())},
                       {DNNL_ARG_WEIGHTS, Zeros(pd.weights_desc())},
                       {DNNL_ARG_DST, Zeros(pd.dst_desc())}}});
  }

  void AddConv(const Graph& plan, const Node& node) {
    const cpu::ConvGeometry g = cpu::GeometryOf(node);
    const TensorType& src = plan.type(node.inputs[0]);
    const TensorType& weights = plan.type(node.inputs[1]);
    const TensorType& dst = plan.type(node.outputs[0]);
    const dnnl::convolution_forward::primitive_desc pd(
        engine_, dnnl::prop_kind::forward_inference,
        dnnl::algorithm::convolution_direct, AnyDesc(src.dtype, src.shape),
        cpu::AnyWeights(g, weights.dtype, weights.shape),
        AnyDesc(dst.dtype, dst.shape), g.strides, g.dilations, g.pads_begin,
        g.pads_end);
    Add(dnnl::convolution_forward(pd), pd);
  }

  void AddLinear(const Graph& plan, const Node& node) {
    const TensorType& src = plan.type(node.inputs[0]);
    const TensorType& weights = plan.type(node.inputs[1]);
    const TensorType& dst = plan.type(node.outputs[0]);
    const int64_t inputs = weights.shape[1], outputs = weights.shape[0];
    const int64_t rows = ElementCount(src.shape) / inputs;
    const dnnl::matmul::primitive_desc pd(
        engine_, cpu::PlainDesc(src.dtype, {rows, inputs}),
        AnyDesc(weights.dtype, {inputs, outputs}),
        cpu::PlainDesc(dst.dtype, {rows, outputs}));
    Add(dnnl::matmul(pd), pd);
  }

  dnnl::engine engine_;
  dnnl::stream stream_;
  int threads_;
  std::vector<Call> calls_;
  int64_t skipped_macs_ = 0;
};

void Plan(benchmark::State& state, const std::string& network, PlanType type) {
  const auto plan = MakeBenchmarkPlan(network, state.range(0), type);
  if (!plan.ok()) {
    return state.SkipWithError(plan.status().ToString().c_str());
  }
  static const int threads = omp_get_max_threads();  // before any plan
  const std::unique_ptr<Device> device = MakeCpuDevice();
  auto session =
      Session::Make(device.get(), plan->graph, nullptr, {.threads = threads});
  if (!session.ok()) {
    return state.SkipWithError(session.status().ToString().c_str());
  }
  const Value& input = plan->graph.value(plan->graph.inputs()[0]);
  Tensor image(input.type.dtype, input.type.shape);
  RandomStream(1, "image").FillNormal(image.span<float>(), 0, 1);
  if (!(*session)->Feed(input.name, image).ok()) {
    return state.SkipWithError("the feed failed");
  }
  BarePrimitives bare(plan->graph, threads);
  if (bare.skipped_macs() > 0) {
    return state.SkipWithError("the plan multiplies outside its layers");
  }
  std::vector<double> plans, bares, shares;
  bare.Run();
  for (auto _ : state) {
    const Clock::time_point start = Clock::now();
    if (!(*session)->Run().ok()) state.SkipWithError("the run failed");
    plans.push_back(SecondsSince(start));
    const Clock::time_point middle = Clock::now();
    bare.Run();
    bares.push_back(SecondsSince(middle));
    shares.push_back(bares.back() / plans.back());
    state.SetIterationTime(plans.back());
  }
  state.counters["plan_us"] = 1e6 * Median(plans);
  state.counters["bare_us"] = 1e6 * Median(bares);
  state.counters["of_bare"] = Median(shares);
  state.counters["primitives"] = static_cast<double>(bare.size());
}

void Both(benchmark::internal::Benchmark* b) {
  b->Arg(1)->Arg(32)->Unit(benchmark::kMicrosecond)->UseManualTime();
}
void Single(benchmark::internal::Benchmark* b) {
  b->Arg(1)->Unit(benchmark::kMicrosecond)->UseManualTime();
}

BENCHMARK_CAPTURE(Plan, resnet20_f32, "resnet20", PlanType::kF32)
    ->Apply(Single);
BENCHMARK_CAPTURE(Plan, resnet20_bf16, "resnet20", PlanType::kBf16)
    ->Apply(Single);
BENCHMARK_CAPTURE(Plan, resnet20_int8, "resnet20", PlanType::kInt8)
    ->Apply(Single);
BENCHMARK_CAPTURE(Plan, resnet50_f32, "resnet50", PlanType::kF32)->Apply(Both);
BENCHMARK_CAPTURE(Plan, resnet50_bf16, "resnet50", PlanType::kBf16)
    ->Apply(Both);
BENCHMARK_CAPTURE(Plan, resnet50_int8, "resnet50", PlanType::kInt8)
    ->Apply(Both);

}  // namespace
}  // namespace assay
