// What building, differentiating and analysing a ResNet-50 costs.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include "harness/graph/channel_groups.h"
#include "harness/graph/gradient.h"
#include "harness/graph/rewrites/to_bf16.h"
#include "harness/graph/rewrites/training.h"
#include "harness/graph/roles.h"
#include "harness/graph/structural_hash.h"
#include "harness/graph/testing/network_builder.h"
#include "harness/graph/text.h"
#include "harness/graph/verify.h"

namespace assay {
namespace {

template <typename T>
T Check(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::fprintf(stderr, "%s\n", value.status().ToString().c_str());
  std::abort();
}

const Graph& Resnet50() {
  static NetworkBuilder* const network = []() {
    auto* n = new NetworkBuilder(DType::kF32);
    BuildResnet50(*n, 8);
    return n;
  }();
  return network->graph();
}

// The training form with its loss.
Graph TrainingForm() {
  Graph graph = Check(ToTraining(Resnet50()));
  GraphBuilder b(&graph);
  const ValueId labels = b.Input("labels", DType::kS32, {8});
  const ValueId rows =
      b.Op("cross_entropy", {graph.FindOutput("logits"), labels});
  b.Output("loss", b.ReduceMean(rows, {0}, false));
  return graph;
}

void Differentiate(Graph& graph) {
  Check(AddGradients(&graph, graph.FindOutput("loss"), kNoValue,
                     TrainableParameters(graph)));
}

void BM_Copy(benchmark::State& state) {
  for (auto _ : state) {
    Graph copy = Resnet50();
    benchmark::DoNotOptimize(copy);
  }
}
BENCHMARK(BM_Copy)->Unit(benchmark::kMillisecond);

void BM_TrainingForm(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(TrainingForm());
}
BENCHMARK(BM_TrainingForm)->Unit(benchmark::kMillisecond);

void BM_Gradients(benchmark::State& state) {
  const Graph training = TrainingForm();
  for (auto _ : state) {
    Graph graph = training;
    Differentiate(graph);
    benchmark::DoNotOptimize(graph);
  }
}
BENCHMARK(BM_Gradients)->Unit(benchmark::kMillisecond);

void BM_ToBf16(benchmark::State& state) {
  const Graph training = TrainingForm();
  for (auto _ : state) benchmark::DoNotOptimize(Check(ToBf16(training)));
}
BENCHMARK(BM_ToBf16)->Unit(benchmark::kMillisecond);

void BM_Verify(benchmark::State& state) {
  Graph graph = TrainingForm();
  Differentiate(graph);
  for (auto _ : state) benchmark::DoNotOptimize(Verify(graph));
}
BENCHMARK(BM_Verify)->Unit(benchmark::kMillisecond);

void BM_Text(benchmark::State& state) {
  Graph graph = TrainingForm();
  Differentiate(graph);
  for (auto _ : state) {
    benchmark::DoNotOptimize(Check(ParseGraph(ToText(graph), graph.ops())));
  }
}
BENCHMARK(BM_Text)->Unit(benchmark::kMillisecond);

void BM_StructuralHash(benchmark::State& state) {
  Graph graph = TrainingForm();
  Differentiate(graph);
  for (auto _ : state) benchmark::DoNotOptimize(StructuralHash(graph));
}
BENCHMARK(BM_StructuralHash)->Unit(benchmark::kMillisecond);

void BM_FindChannelGroups(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(Check(FindChannelGroups(Resnet50())));
  }
}
BENCHMARK(BM_FindChannelGroups)->Unit(benchmark::kMillisecond);

void BM_RemoveChannels(benchmark::State& state) {
  std::vector<std::vector<int64_t>> removed;
  for (const ChannelGroup& group : Check(FindChannelGroups(Resnet50()))) {
    removed.emplace_back();
    for (size_t c = 0; c < group.channels.size(); c += 2) {
      removed.back().push_back(static_cast<int64_t>(c));
    }
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        Check(RemoveChannels(Resnet50(), removed, nullptr)));
  }
}
BENCHMARK(BM_RemoveChannels)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace assay
