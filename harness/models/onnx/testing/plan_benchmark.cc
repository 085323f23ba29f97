// An imported network against the network of the zoo that it was exported from:
// the two take turns (ABBA) in one process, on the cpu backend, each through a
// session of its own.
//
//   plan_benchmark --benchmark_filter=resnet20/1
//
// `own_us` and `imported_us` are medians; `ratio`, imported over own, is the
// median over rounds, which is what an aim of 3 % is held against.
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "benchmark/benchmark.h"
#include "harness/backend/registry.h"
#include "harness/backend/session.h"
#include "harness/core/descriptive.h"
#include "harness/core/status_macros.h"
#include "harness/models/onnx/testing/plan_pair.h"

namespace assay {
namespace {

struct Pair {
  std::unique_ptr<Device> device;
  std::unique_ptr<Session> own, imported;
};

absl::Status FeedZeros(const Graph& plan, Session* session) {
  for (const ValueId id : plan.inputs()) {
    const Value& input = plan.value(id);
    ASSAY_RETURN_IF_ERROR(session->Feed(
        input.name, Tensor::Zeros(input.type.dtype, input.type.shape)));
  }
  return session->Run();
}

absl::StatusOr<Pair> Open(const std::string& network, int64_t batch) {
  ASSAY_ASSIGN_OR_RETURN(const PlanPair plans, MakePlanPair(network, batch));
  Pair pair;
  ASSAY_ASSIGN_OR_RETURN(pair.device, MakeDevice("cpu"));
  ASSAY_ASSIGN_OR_RETURN(pair.own,
                         Session::Make(pair.device.get(), plans.own, nullptr));
  ASSAY_ASSIGN_OR_RETURN(
      pair.imported, Session::Make(pair.device.get(), plans.imported, nullptr));
  ASSAY_RETURN_IF_ERROR(FeedZeros(plans.own, pair.own.get()));
  ASSAY_RETURN_IF_ERROR(FeedZeros(plans.imported, pair.imported.get()));
  return pair;
}

double Seconds(Session* session, absl::Status* status) {
  const auto before = std::chrono::steady_clock::now();
  status->Update(session->Run());
  return std::chrono::duration<double>(std::chrono::steady_clock::now() -
                                       before)
      .count();
}

void TakeTurns(benchmark::State& state, const std::string& network) {
  auto pair = Open(network, state.range(0));
  if (!pair.ok()) {
    state.SkipWithError(pair.status().ToString().c_str());
    return;
  }
  absl::Status status;
  std::vector<double> own, imported, ratio;
  for (auto _ : state) {
    double a = Seconds(pair->own.get(), &status);
    double b = Seconds(pair->imported.get(), &status);
    b += Seconds(pair->imported.get(), &status);
    a += Seconds(pair->own.get(), &status);
    own.push_back(a / 2);
    imported.push_back(b / 2);
    ratio.push_back(b / a);
    state.SetIterationTime(a + b);
  }
  if (!status.ok()) {
    state.SkipWithError(status.ToString().c_str());
    return;
  }
  state.counters["own_us"] = Median(own) * 1e6;
  state.counters["imported_us"] = Median(imported) * 1e6;
  state.counters["ratio"] = Median(ratio);
}

BENCHMARK_CAPTURE(TakeTurns, resnet20, std::string("resnet20"))
    ->Arg(1)
    ->Arg(32)
    ->UseManualTime();
BENCHMARK_CAPTURE(TakeTurns, dscnn, std::string("dscnn"))
    ->Arg(1)
    ->Arg(32)
    ->UseManualTime();
BENCHMARK_CAPTURE(TakeTurns, mobilenetv2, std::string("mobilenet-v2"))
    ->Arg(1)
    ->UseManualTime();
BENCHMARK_CAPTURE(TakeTurns, lmd_xs, std::string("lmd-xs"))
    ->Arg(1)
    ->UseManualTime();

}  // namespace
}  // namespace assay
