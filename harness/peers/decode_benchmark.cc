// A token of lmd-s: a prompt of 64, then 128 tokens one by one, as the peers'
// figures are. Names: precision of the matrices; argument: threads.
#include <memory>
#include <string>

#include "benchmark/benchmark.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/peers/peer_decoder.h"

namespace assay {
namespace {

constexpr int64_t kPrompt = 64, kTokens = 128;

void Decode(benchmark::State& state, const char* precision) {
  const std::unique_ptr<Device> device = MakeCpuDevice();
  auto decoder = PeerDecoder::Make(device.get(), LmdS(), kPrompt, kTokens,
                                   precision, static_cast<int>(state.range(0)));
  if (!decoder.ok()) {
    return state.SkipWithError(decoder.status().ToString().c_str());
  }
  for (auto _ : state) {
    const absl::StatusOr<double> seconds = (*decoder)->Decode();
    if (!seconds.ok()) {
      state.SkipWithError(seconds.status().ToString().c_str());
      break;
    }
    state.SetIterationTime(*seconds / static_cast<double>(kTokens));
  }
}

void Threads(benchmark::internal::Benchmark* b) {
  b->Arg(1)->Arg(2)->ArgName("threads")->Unit(benchmark::kMicrosecond);
  // An iteration's time is a token's; it runs 192.
  b->UseManualTime()->MinTime(0.01);
}

BENCHMARK_CAPTURE(Decode, f32, "f32")->Apply(Threads);
BENCHMARK_CAPTURE(Decode, bf16, "bf16")->Apply(Threads);
BENCHMARK_CAPTURE(Decode, int8, "int8")->Apply(Threads);
BENCHMARK_CAPTURE(Decode, u4, "u4")->Apply(Threads);

}  // namespace
}  // namespace assay
