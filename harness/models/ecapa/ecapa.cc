#include "harness/models/ecapa/ecapa.h"

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/models/compose/sequence.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

// Sequences are images [N,C,1,T].
struct Network {
  LayerBuilder& net;
  const EcapaOptions& options;

  GraphBuilder& b() { return net.b(); }

  ValueId Concat(std::vector<ValueId> parts) {
    return b().Op("concat", std::move(parts), {{"axis", int64_t{1}}});
  }

  ValueId Conv(ValueId x, const std::string& path, int64_t channels,
               int64_t taps = 1, int64_t dilation = 1) {
    const int64_t reach = taps / 2 * dilation;
    return net.Conv(x, path,
                    {.channels = channels,
                     .kernel = {1, taps},
                     .pads = {0, reach, 0, reach},
                     .dilations = {1, dilation}});
  }

  ValueId ConvReluNorm(ValueId x, const std::string& path, int64_t channels,
                       int64_t taps = 1, int64_t dilation = 1) {
    x = net.Relu(Conv(x, path + ".conv", channels, taps, dilation));
    return net.BatchNorm(x, path + ".bn");
  }

  ValueId Res2(ValueId x, const std::string& path, int64_t dilation) {
    const int64_t width = options.channels / options.scale;
    std::vector<ValueId> results;
    for (int64_t group = 0; group < options.scale; ++group) {
      ValueId y = b().Op("slice", {x},
                         {{"starts", Ints{0, group * width, 0, 0}},
                          {"ends", Ints{kToTheEnd, (group + 1) * width,
                                        kToTheEnd, kToTheEnd}}});
      if (group + 1 < options.scale) {
        if (group > 0) y = b().Add(y, results.back());
        y = ConvReluNorm(y, absl::StrCat(path, ".res", group), width,
                         options.taps, dilation);
      }
      results.push_back(y);
    }
    return Concat(std::move(results));
  }

  ValueId Squeeze(ValueId x, const std::string& path) {
    ValueId y = net.HiddenLinear(net.GlobalAveragePool(x), path + ".se1",
                                 options.channels / options.reduction);
    y = net.Classifier(net.Relu(y), path + ".se2", options.channels);
    y = b().Reshape(b().Op("sigmoid", {y}), {0, options.channels, 1, 1});
    return b().Mul(x, y);
  }

  ValueId Block(ValueId x, const std::string& path, int64_t dilation) {
    x = ConvReluNorm(x, path + ".in", options.channels);
    x = ConvReluNorm(Res2(x, path, dilation), path + ".out", options.channels);
    return Squeeze(x, path);
  }

  // [N,C,1,T] -> [N,2C]: mean and standard deviation over time, weighted.
  ValueId AttentiveStatistics(ValueId x) {
    constexpr double kFloor = 1e-9;  // keeps the root's gradient finite
    const ValueId hidden =
        b().Op("tanh", {Conv(x, "attention1", options.attention)});
    const ValueId weights =
        b().Op("softmax", {Conv(hidden, "attention2", options.aggregate)},
               {{"axis", int64_t{3}}});
    return StatisticsPool(b(), x, weights, kFloor);
  }

  ValueId Embed(ValueId x) {
    x = b().Reshape(AttentiveStatistics(x), {0, 2 * options.aggregate, 1, 1});
    x = net.Flatten(net.BatchNorm(x, "pool.bn"));
    x = net.Classifier(x, "embedding", options.embedding);
    x = b().Reshape(x, {0, options.embedding, 1, 1});
    return net.Flatten(net.BatchNorm(x, "embedding.bn"));
  }
};

absl::Status Check(const EcapaOptions& ecapa) {
  if (ecapa.taps % 2 == 0 || ecapa.first_taps % 2 == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(ecapa.name, ": expected odd numbers of taps, got ",
                     ecapa.first_taps, " and ", ecapa.taps));
  }
  if (ecapa.scale < 1 || ecapa.channels % ecapa.scale != 0 ||
      ecapa.blocks < 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        ecapa.name, ": expected a block and scale | channels, got ",
        ecapa.blocks, ", ", ecapa.scale, " and ", ecapa.channels));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ReferenceGraph> Ecapa(const OpSet& ops,
                                     const EcapaOptions& ecapa,
                                     const ReferenceGraphOptions& options) {
  ASSAY_RETURN_IF_ERROR(Check(ecapa));
  LayerBuilder net(ecapa.name, ops);
  Network network{net, ecapa};
  Shape shape = options.input.empty() ? Shape{1, ecapa.frames, ecapa.bands}
                                      : options.input;
  shape.insert(shape.begin(), options.batch);
  ValueId x = net.b().Input("features", DType::kF32, shape);
  x = net.b().Transpose(x, {0, 3, 1, 2});  // [N,bands,1,frames]
  x = network.ConvReluNorm(x, "layer1", ecapa.channels, ecapa.first_taps);
  ValueId sum = x;
  std::vector<ValueId> results;
  for (int64_t block = 1; block <= ecapa.blocks; ++block) {
    if (block > 1) sum = net.b().Add(sum, x);
    x = net.b().Add(network.Block(x, absl::StrCat("block", block), block + 1),
                    sum);
    results.push_back(x);
  }
  x = network.Conv(network.Concat(std::move(results)), "aggregate.conv",
                   ecapa.aggregate);
  x = network.Embed(net.Relu(x));
  return net.Finish(net.Classifier(
      x, "linear", options.classes == 0 ? ecapa.classes : options.classes));
}

}  // namespace assay
