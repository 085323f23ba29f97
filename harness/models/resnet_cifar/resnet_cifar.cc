#include "harness/models/resnet_cifar/resnet_cifar.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace assay {
namespace {

ValueId Image(LayerBuilder& net, const ReferenceGraphOptions& options) {
  Shape shape = options.input.empty() ? Shape{3, 32, 32} : options.input;
  shape.insert(shape.begin(), options.batch);
  return net.b().Input("image", DType::kF32, shape);
}

int64_t Classes(const ReferenceGraphOptions& options) {
  return options.classes == 0 ? 10 : options.classes;
}

ConvOptions Conv3x3(int64_t channels, int64_t stride) {
  return {.channels = channels,
          .kernel = {3, 3},
          .strides = {stride, stride},
          .pads = {1, 1, 1, 1}};
}

// Option A: every second pixel, new channels half in front and half behind.
ValueId PadShortcut(LayerBuilder& net, ValueId x, int64_t channels,
                    int64_t stride) {
  const int64_t missing = channels - net.Extent(x, 1);
  x = net.b().Op("slice", {x},
                 {{"starts", std::vector<int64_t>{0, 0, 0, 0}},
                  {"ends", std::vector<int64_t>(4, kToTheEnd)},
                  {"steps", std::vector<int64_t>{1, 1, stride, stride}}});
  return net.b().Op(
      "pad", {x},
      {{"before", std::vector<int64_t>{0, missing / 2, 0, 0}},
       {"after", std::vector<int64_t>{0, missing - missing / 2, 0, 0}}});
}

ValueId BasicBlock(LayerBuilder& net, ValueId x, const std::string& path,
                   int64_t channels, int64_t stride, Shortcut shortcut) {
  ValueId skip = x;
  if (stride != 1 || net.Extent(x, 1) != channels) {
    if (shortcut == Shortcut::kPad) {
      skip = PadShortcut(net, x, channels, stride);
    } else {
      skip = net.Conv(x, path + ".shortcut.conv",
                      {.channels = channels, .strides = {stride, stride}});
      skip = net.BatchNorm(skip, path + ".shortcut.bn");
    }
  }
  ValueId y = net.ConvNormRelu(x, path + ".conv1", path + ".bn1",
                               Conv3x3(channels, stride));
  y = net.Conv(y, path + ".conv2", Conv3x3(channels, 1));
  y = net.BatchNorm(y, path + ".bn2");
  return net.Relu(net.b().Add(y, skip));
}

}  // namespace

absl::StatusOr<ReferenceGraph> ResNetCifar(
    const OpSet& ops, int depth, Shortcut shortcut,
    const ReferenceGraphOptions& options) {
  if (depth < 8 || (depth - 2) % 6 != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("resnet_cifar: expected a depth 6n+2, got ", depth));
  }
  LayerBuilder net(
      absl::StrCat("resnet", depth, shortcut == Shortcut::kPad ? "" : "-b"),
      ops);
  ValueId x =
      net.ConvNormRelu(Image(net, options), "conv1", "bn1", Conv3x3(16, 1));
  const int blocks = (depth - 2) / 6;
  for (int stage = 0; stage < 3; ++stage) {
    for (int block = 0; block < blocks; ++block) {
      const int64_t stride = stage > 0 && block == 0 ? 2 : 1;
      x = BasicBlock(net, x, absl::StrCat("layer", stage + 1, ".", block),
                     int64_t{16} << stage, stride, shortcut);
    }
  }
  x = net.GlobalAveragePool(x);
  return net.Finish(net.Classifier(x, "linear", Classes(options)));
}

}  // namespace assay
