// Layers out of several ops, and ops that networks of the zoo do without, as
// programs of the cpu backend at sizes of their methods.
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/backend/session.h"
#include "harness/graph/gradient.h"
#include "harness/models/compose/image.h"
#include "harness/models/compose/resample.h"
#include "harness/models/compose/sequence.h"
#include "harness/models/compose/spectrum.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

void Require(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  std::abort();
}

// Inputs of given shapes, zeros, and what is made of them; with `training` also
// the gradients with respect to all inputs.
void Measure(benchmark::State& state, const std::vector<Shape>& shapes,
             bool training,
             const std::function<ValueId(GraphBuilder&,
                                         const std::vector<ValueId>&)>& make) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  std::vector<ValueId> inputs;
  for (const Shape& shape : shapes) {
    inputs.push_back(
        b.Input(absl::StrCat("x", inputs.size()), DType::kF32, shape));
  }
  const ValueId result = make(b, inputs);
  b.Output("y", result);
  Require(b.status());
  if (training) {
    const auto gradients = AddGradients(&graph, result, kNoValue, inputs);
    Require(gradients.status());
    for (size_t i = 0; i < inputs.size(); ++i) {
      b.Output(absl::StrCat("d", i), (*gradients)[i]);
    }
    Require(b.status());
  }
  const std::unique_ptr<Device> device = MakeCpuDevice();
  auto session = Session::Make(device.get(), graph, nullptr);
  Require(session.status());
  for (size_t i = 0; i < inputs.size(); ++i) {
    Require((*session)->Feed(absl::StrCat("x", i),
                             Tensor::Zeros(DType::kF32, shapes[i])));
  }
  for (auto _ : state) Require((*session)->Run());
}

// 64 bands of mel as sequences of 50 frames, as in Fast FullSubNet's sub-band
// model.
void BM_Lstm(benchmark::State& state) {
  Measure(state, {{64, 50, 12}, {1536, 12}, {1536, 384}, {1536}},
          state.range(0) != 0,
          [](GraphBuilder& b, const std::vector<ValueId>& x) {
            return Lstm(b, x[0], {x[1], x[2], x[3]}).sequence;
          });
}
BENCHMARK(BM_Lstm)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void BM_Gru(benchmark::State& state) {
  Measure(state, {{64, 50, 12}, {1152, 12}, {1152, 384}, {1152}, {1152}},
          state.range(0) != 0,
          [](GraphBuilder& b, const std::vector<ValueId>& x) {
            return Gru(b, x[0], {x[1], x[2], x[3], x[4]}).sequence;
          });
}
BENCHMARK(BM_Gru)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void BM_GroupNorm(benchmark::State& state) {
  Measure(state, {{32, 64, 32, 32}, {64}, {64}}, state.range(0) != 0,
          [](GraphBuilder& b, const std::vector<ValueId>& x) {
            return GroupNorm(b, x[0], x[1], x[2], 8, 1e-5);
          });
}
BENCHMARK(BM_GroupNorm)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void BM_ConvTranspose(benchmark::State& state) {
  Measure(state, {{8, 64, 32, 32}, {64, 32, 4, 4}, {32}}, state.range(0) != 0,
          [](GraphBuilder& b, const std::vector<ValueId>& x) {
            return b.Op("conv_transpose2d", x,
                        {{"strides", Ints{2, 2}}, {"pads", Ints{1, 1, 1, 1}}});
          });
}
BENCHMARK(BM_ConvTranspose)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void BM_TopK(benchmark::State& state) {
  Measure(state, {{256, 4096}}, false,
          [&](GraphBuilder& b, const std::vector<ValueId>& x) {
            return b.Op("top_k", x, {{"k", state.range(0)}});
          });
}
BENCHMARK(BM_TopK)->Arg(2)->Arg(256)->Unit(benchmark::kMillisecond);

// A third of 1080p, three times as large: what super-resolution starts from.
void BM_Bicubic(benchmark::State& state) {
  Measure(state, {{1, 1, 360, 640}}, false,
          [](GraphBuilder& b, const std::vector<ValueId>& x) {
            return Resize(b, x[0], {1080, 1920}, Interpolation::kSharpCubic);
          });
}
BENCHMARK(BM_Bicubic)->Unit(benchmark::kMillisecond);

// A second at 16 kHz, 512 samples every 256.
void BM_Stft(benchmark::State& state) {
  Measure(state, {{1, 16384}}, false,
          [](GraphBuilder& b, const std::vector<ValueId>& x) {
            return Power(b, Stft(b, x[0], HannWindow(512), 256));
          });
}
BENCHMARK(BM_Stft)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace assay
