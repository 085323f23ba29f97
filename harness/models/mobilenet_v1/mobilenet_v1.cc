#include "harness/models/mobilenet_v1/mobilenet_v1.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace assay {
namespace {

struct Stage {
  int64_t channels;
  int blocks;
  int64_t stride;  // of the first
};

constexpr int64_t kFirst = 32;
constexpr Stage kStages[] = {
    {64, 1, 1}, {128, 2, 2}, {256, 2, 2}, {512, 6, 2}, {1024, 2, 2}};

int64_t Scaled(int64_t channels, double width) {
  const double steps = width * static_cast<double>(channels) / 8 + 0.5;
  return std::max<int64_t>(1, static_cast<int64_t>(steps)) * 8;
}

ConvOptions Conv3x3(int64_t channels, int64_t stride, int64_t groups = 1) {
  return {.channels = channels,
          .kernel = {3, 3},
          .strides = {stride, stride},
          .pads = {1, 1, 1, 1},
          .groups = groups};
}

ValueId ConvNormRelu6(LayerBuilder& net, ValueId x, const std::string& conv,
                      const std::string& norm, const ConvOptions& options) {
  return net.b().Op("relu6", {net.BatchNorm(net.Conv(x, conv, options), norm)});
}

}  // namespace

absl::StatusOr<ReferenceGraph> MobileNetV1(
    const OpSet& ops, const MobileNetV1Options& mobilenet,
    const ReferenceGraphOptions& options) {
  if (!(mobilenet.width > 0 && mobilenet.width <= 8)) {
    return absl::InvalidArgumentError(absl::StrCat(
        mobilenet.name, ": expected a width in (0, 8], got ", mobilenet.width));
  }
  LayerBuilder net(mobilenet.name, ops);
  Shape shape = options.input.empty() ? Shape{3, 224, 224} : options.input;
  shape.insert(shape.begin(), options.batch);
  ValueId x = net.b().Input("image", DType::kF32, shape);
  x = ConvNormRelu6(net, x, "conv_stem", "bn1",
                    Conv3x3(Scaled(kFirst, mobilenet.width), 2));
  int number = 0;
  for (const Stage& stage : kStages) {
    for (int block = 0; block < stage.blocks; ++block) {
      const std::string path = absl::StrCat("blocks.", number, ".", block);
      const int64_t before = net.Extent(x, 1);
      x = ConvNormRelu6(net, x, path + ".conv_dw", path + ".bn1",
                        Conv3x3(before, block == 0 ? stage.stride : 1, before));
      x = ConvNormRelu6(net, x, path + ".conv_pw", path + ".bn2",
                        {.channels = Scaled(stage.channels, mobilenet.width)});
    }
    ++number;
  }
  return net.Finish(
      net.Classifier(net.GlobalAveragePool(x), "classifier",
                     options.classes == 0 ? 1000 : options.classes));
}

}  // namespace assay
