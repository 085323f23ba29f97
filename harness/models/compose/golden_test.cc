// Compositions and their gradients against PyTorch's layers.
#include "harness/ops/testing/golden.h"

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/models/compose/gate.h"
#include "harness/models/compose/image.h"
#include "harness/models/compose/resample.h"
#include "harness/models/compose/sequence.h"
#include "harness/models/compose/spectrum.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using Values = std::vector<ValueId>;

template <typename Layer>
Values Recurrent(GraphBuilder& b, const Golden& golden, const Values& x,
                 const Layer& layer) {
  RecurrentState state;
  if (x.size() > 5) state.hidden = x[5];
  if (x.size() > 6) state.cell = x[6];
  const RecurrentResult result =
      layer(b, x[0], {x[1], x[2], x[3], x[4]}, state,
            golden.attributes.Int("backwards", 0) != 0);
  Values results = {result.sequence, result.last.hidden};
  if (result.last.cell != kNoValue) results.push_back(result.last.cell);
  return results;
}

Values Pool(GraphBuilder& b, const Golden& golden, const Values& x,
            ValueId (*pool)(GraphBuilder&, ValueId, std::array<int64_t, 2>)) {
  const std::vector<int64_t> extents = golden.attributes.Ints("extents", {});
  return {pool(b, x[0], {extents[0], extents[1]})};
}

Values Resized(GraphBuilder& b, const Golden& golden, const Values& x) {
  const std::map<std::string, Interpolation> names = {
      {"nearest", Interpolation::kNearest},
      {"linear", Interpolation::kLinear},
      {"cubic", Interpolation::kCubic}};
  const std::vector<int64_t> extents = golden.attributes.Ints("extents", {});
  return {Resize(b, x[0], {extents[0], extents[1]},
                 names.at(golden.attributes.Text("interpolation", "")))};
}

Values Unfolded(GraphBuilder& b, const Golden& golden, const Values& x) {
  const auto list = [&](const char* name, size_t i) {
    return golden.attributes.Ints(name, {})[i];
  };
  PatchOptions options;
  for (size_t i = 0; i < 2; ++i) {
    options.kernel[i] = list("kernel", i);
    options.strides[i] = list("strides", i);
    options.dilations[i] = list("dilations", i);
  }
  for (size_t i = 0; i < 4; ++i) options.pads[i] = list("pads", i);
  return {Unfold(b, x[0], options)};
}

Values Build(GraphBuilder& b, const Golden& golden, const Values& x) {
  const Attributes& a = golden.attributes;
  if (golden.op == "lstm") return Recurrent(b, golden, x, Lstm);
  if (golden.op == "gru") return Recurrent(b, golden, x, Gru);
  if (golden.op == "group_norm") {
    return {GroupNorm(b, x[0], x[1], x[2], a.Int("groups", 1),
                      a.Real("epsilon", 0))};
  }
  if (golden.op == "pixel_shuffle") {
    return {PixelShuffle(b, x[0], a.Int("factor", 1))};
  }
  if (golden.op == "pixel_unshuffle") {
    return {PixelUnshuffle(b, x[0], a.Int("factor", 1))};
  }
  if (golden.op == "adaptive_average_pool") {
    return Pool(b, golden, x, AdaptiveAveragePool);
  }
  if (golden.op == "adaptive_max_pool") {
    return Pool(b, golden, x, AdaptiveMaxPool);
  }
  if (golden.op == "conv1d") {
    return {Conv1d(b, x[0], x[1], x[2],
                   {.stride = a.Int("stride", 1),
                    .before = a.Int("before", 0),
                    .after = a.Int("after", 0),
                    .dilation = a.Int("dilation", 1),
                    .groups = a.Int("groups", 1)})};
  }
  if (golden.op == "statistics_pool") {
    return {StatisticsPool(b, x[0], kNoValue, 1e-12)};
  }
  if (golden.op == "prelu") return {Prelu(b, x[0], x[1])};
  if (golden.op == "leaky_relu") return {LeakyRelu(b, x[0], 0.1)};
  if (golden.op == "elu") return {Elu(b, x[0], 0.5)};
  if (golden.op == "softplus") return {Softplus(b, x[0])};
  if (golden.op == "unfold") return Unfolded(b, golden, x);
  if (golden.op == "glu") return {Glu(b, x[0], 1, "sigmoid")};
  if (golden.op == "resize") return Resized(b, golden, x);
  if (golden.op == "pad_border") {
    return {PadBorder(b, x[0], -1, a.Int("before", 0), a.Int("after", 0),
                      a.Text("border", "") == "reflect" ? Border::kReflect
                                                        : Border::kReplicate)};
  }
  if (golden.op == "stft" || golden.op == "power") {
    const Spectrum spectrum = Stft(b, x[0], HannWindow(8), a.Int("hop", 1));
    return {golden.op == "stft" ? spectrum.real : Power(b, spectrum)};
  }
  if (golden.op == "kl_divergence") return {KlDivergence(b, x[0], x[1])};
  if (golden.op == "mean_squared_error") {
    return {MeanSquaredError(b, x[0], x[1])};
  }
  if (golden.op == "masked_layer_norm") {
    return {MaskedLayerNorm(b, x[0], x[1], x[2], x[3], a.Real("epsilon", 0))};
  }
  b.Fail(absl::InternalError("no such composition: " + golden.op));
  return {};
}

TEST(ComposeGoldenTest, AgreesWithPyTorch) {
  const std::unique_ptr<Device> device = MakeCpuDevice();
  ASSERT_OK_AND_ASSIGN(const std::vector<Golden> goldens,
                       ReadGoldens("harness/ops/testing/goldens/compose.txt"));
  for (const Golden& golden : goldens) {
    EXPECT_OK(CheckByReference(golden, Build)) << golden.op << golden.name;
    EXPECT_OK(CheckOnDevice(golden, device.get(), Build))
        << golden.op << golden.name;
  }
}

}  // namespace
}  // namespace assay
