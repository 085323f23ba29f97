// What compression gains when it runs: a network and its smaller form in turns,
// on one thread. The time is the smaller one's; "base_us" the other's, "gain"
// the median of their ratios, "macs" the share of multiply-accumulates that is
// left. Names: what was done, to which network; arguments: batch, and for
// channels to what the kept ones of a group are rounded.
#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "benchmark/benchmark.h"
#include "harness/backend/cpu/benchmark_plans.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/backend/session.h"
#include "harness/core/descriptive.h"
#include "harness/core/random.h"
#include "harness/core/status_macros.h"
#include "harness/graph/channel_groups.h"
#include "harness/graph/cost.h"
#include "harness/graph/rewrites/fold_batch_norm.h"
#include "harness/graph/rewrites/lower.h"
#include "harness/models/init.h"
#include "harness/models/registry.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

using Clock = std::chrono::steady_clock;

// A network without batch norms and its parameters.
absl::StatusOr<FoldedNetwork> Network(const std::string& name, int64_t batch) {
  ReferenceGraphOptions options;
  options.batch = batch;
  ASSAY_ASSIGN_OR_RETURN(const ReferenceGraph made,
                         BuildReferenceGraph(name, StandardOps(), options));
  ASSAY_ASSIGN_OR_RETURN(const ParameterStore store,
                         Initialise(made.graph, made.initialisers, 1));
  return FoldBatchNorm(made.graph, store);
}

// Evenly from all groups: of n channels a multiple of `round_to` stays, about
// `kept` of them.
absl::StatusOr<FoldedNetwork> KeepShare(const FoldedNetwork& network,
                                        const std::vector<ChannelGroup>& groups,
                                        double kept, int64_t round_to) {
  std::vector<std::vector<int64_t>> removed;
  for (const ChannelGroup& group : groups) {
    const auto n = static_cast<int64_t>(group.channels.size());
    const double wanted = kept * static_cast<double>(n);
    const int64_t rounded =
        static_cast<int64_t>(wanted / static_cast<double>(round_to) + 0.5) *
        round_to;
    const int64_t stay = std::clamp(rounded, std::min(round_to, n), n);
    std::vector<int64_t>& gone = removed.emplace_back();
    for (int64_t c = stay; c < n; ++c) gone.push_back(c);
  }
  std::vector<KeptIndices> left;
  ASSAY_ASSIGN_OR_RETURN(Graph graph,
                         RemoveChannels(network.graph, removed, &left));
  ASSAY_ASSIGN_OR_RETURN(ParameterStore parameters,
                         CutParameters(network.parameters, left));
  return FoldedNetwork{std::move(graph), std::move(parameters)};
}

// With at most half of the multiply-accumulates, and as many as rounding
// leaves.
absl::StatusOr<FoldedNetwork> Halved(const FoldedNetwork& network,
                                     int64_t round_to) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<ChannelGroup> groups,
                         FindChannelGroups(network.graph));
  const int64_t half = CostOf(network.graph).macs / 2;
  double low = 0, high = 1;
  for (int step = 0; step < 12; ++step) {
    const double share = (low + high) / 2;
    ASSAY_ASSIGN_OR_RETURN(const FoldedNetwork cut,
                           KeepShare(network, groups, share, round_to));
    (CostOf(cut.graph).macs > half ? high : low) = share;
  }
  return KeepShare(network, groups, low, round_to);
}

absl::StatusOr<std::unique_ptr<Session>> Compiled(Device* device,
                                                  const Graph& plan) {
  ASSAY_ASSIGN_OR_RETURN(std::unique_ptr<Session> session,
                         Session::Make(device, plan, nullptr, {.threads = 1}));
  const Value& input = plan.value(plan.inputs()[0]);
  Tensor image(input.type.dtype, input.type.shape);
  RandomStream(1, "image").FillNormal(image.span<float>(), 0, 1);
  ASSAY_RETURN_IF_ERROR(session->Feed(input.name, image));
  ASSAY_RETURN_IF_ERROR(session->Run());
  return session;
}

double SecondsOf(benchmark::State& state, Session& session) {
  const Clock::time_point start = Clock::now();
  if (!session.Run().ok()) state.SkipWithError("the run failed");
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void Compare(benchmark::State& state,
             const absl::StatusOr<LoweredNetwork>& base,
             const absl::StatusOr<LoweredNetwork>& smaller, double macs) {
  const std::unique_ptr<Device> device = MakeCpuDevice();
  std::unique_ptr<Session> sessions[2];
  for (int i = 0; i < 2; ++i) {
    const auto& plan = i == 0 ? base : smaller;
    auto made = plan.ok()
                    ? Compiled(device.get(), plan->graph)
                    : absl::StatusOr<std::unique_ptr<Session>>(plan.status());
    if (!made.ok()) {
      return state.SkipWithError(made.status().ToString().c_str());
    }
    sessions[i] = *std::move(made);
  }
  std::vector<double> times, gains;
  for (auto _ : state) {
    times.push_back(SecondsOf(state, *sessions[0]));
    const double time = SecondsOf(state, *sessions[1]);
    gains.push_back(times.back() / time);
    state.SetIterationTime(time);
  }
  state.counters["base_us"] = 1e6 * Median(times);
  state.counters["gain"] = Median(gains);
  state.counters["macs"] = macs;
}

void Int8(benchmark::State& state, const std::string& network) {
  Compare(state, MakeBenchmarkPlan(network, state.range(0), PlanType::kF32),
          MakeBenchmarkPlan(network, state.range(0), PlanType::kInt8), 1);
}

void HalfOfMacs(benchmark::State& state, const std::string& network) {
  const auto base = Network(network, state.range(0));
  if (!base.ok()) {
    return state.SkipWithError(base.status().ToString().c_str());
  }
  const auto half = Halved(*base, state.range(1));
  if (!half.ok()) {
    return state.SkipWithError(half.status().ToString().c_str());
  }
  Compare(state, LowerForInference(base->graph, base->parameters),
          LowerForInference(half->graph, half->parameters),
          static_cast<double>(CostOf(half->graph).macs) /
              static_cast<double>(CostOf(base->graph).macs));
}

// Of weights of matrices and convolutions; the rest of a network stays.
void Zeros95(benchmark::State& state, const std::string& network) {
  const auto base = Network(network, state.range(0));
  if (!base.ok()) {
    return state.SkipWithError(base.status().ToString().c_str());
  }
  ParameterStore sparse = base->parameters;
  RandomStream random(3, "mask");
  for (const ValueId id : base->graph.parameters()) {
    if (base->graph.shape(id).size() < 2) continue;
    const std::string& name = base->graph.value(id).name;
    Tensor weights = sparse.Find(name)->Clone();
    for (float& w : weights.span<float>()) {
      if (random.Below(100) >= 5) w = 0;
    }
    sparse.Set(name, std::move(weights));
  }
  Compare(state, LowerForInference(base->graph, base->parameters),
          LowerForInference(base->graph, sparse), 0.05);
}

void Batches(benchmark::internal::Benchmark* b) {
  b->Arg(1)->Arg(32)->ArgName("batch");
  b->Unit(benchmark::kMicrosecond)->UseManualTime();
}
void Roundings(benchmark::internal::Benchmark* b) {
  for (const int64_t batch : {1, 32}) {
    for (const int64_t round_to : {1, 8, 16}) b->Args({batch, round_to});
  }
  b->ArgNames({"batch", "round_to"});
  b->Unit(benchmark::kMicrosecond)->UseManualTime();
}

BENCHMARK_CAPTURE(Int8, resnet50, "resnet50")->Apply(Batches);
BENCHMARK_CAPTURE(HalfOfMacs, resnet20, "resnet20")->Apply(Roundings);
BENCHMARK_CAPTURE(HalfOfMacs, resnet50, "resnet50")->Apply(Roundings);
BENCHMARK_CAPTURE(HalfOfMacs, mobilenet_v2, "mobilenet-v2")->Apply(Roundings);
BENCHMARK_CAPTURE(Zeros95, resnet20, "resnet20")->Apply(Batches);
BENCHMARK_CAPTURE(Zeros95, mobilenet_v1, "mobilenet-v1")->Apply(Batches);

}  // namespace
}  // namespace assay
