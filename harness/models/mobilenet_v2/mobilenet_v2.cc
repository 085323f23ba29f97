#include "harness/models/mobilenet_v2/mobilenet_v2.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace assay {
namespace {

// Blocks of one row of the paper's table.
struct Row {
  int64_t expansion, channels;
  int blocks;
  int64_t stride;  // of the first
};

constexpr Row kRows[] = {{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2},
                         {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2},
                         {6, 320, 1, 1}};

constexpr int64_t kFirst = 32, kLast = 1280;

// A convolution at `path`.0, its batch norm at `path`.1.
ValueId ConvNormRelu6(LayerBuilder& net, ValueId x, const std::string& path,
                      const ConvOptions& options) {
  x = net.BatchNorm(net.Conv(x, path + ".0", options), path + ".1");
  return net.b().Op("relu6", {x});
}

ConvOptions Conv3x3(int64_t channels, int64_t stride, int64_t groups = 1) {
  return {.channels = channels,
          .kernel = {3, 3},
          .strides = {stride, stride},
          .pads = {1, 1, 1, 1},
          .groups = groups};
}

ValueId Block(LayerBuilder& net, ValueId x, const std::string& path,
              int64_t expansion, int64_t channels, int64_t stride) {
  const int64_t before = net.Extent(x, 1);
  const int64_t hidden = before * expansion;
  ValueId y = x;
  int layer = 0;
  const auto next = [&] { return absl::StrCat(path, ".", layer++); };
  if (expansion != 1) {
    y = ConvNormRelu6(net, y, next(), {.channels = hidden});
  }
  y = ConvNormRelu6(net, y, next(), Conv3x3(hidden, stride, hidden));
  y = net.Conv(y, next(), {.channels = channels});
  y = net.BatchNorm(y, next());
  return stride == 1 && before == channels ? net.b().Add(x, y) : y;
}

}  // namespace

absl::StatusOr<ReferenceGraph> MobileNetV2(
    const OpSet& ops, const ReferenceGraphOptions& options) {
  LayerBuilder net("mobilenet-v2", ops);
  Shape shape = options.input.empty() ? Shape{3, 224, 224} : options.input;
  shape.insert(shape.begin(), options.batch);
  ValueId x = net.b().Input("image", DType::kF32, shape);
  int feature = 0;
  const auto next = [&] { return absl::StrCat("features.", feature++); };
  x = ConvNormRelu6(net, x, next(), Conv3x3(kFirst, 2));
  for (const Row& row : kRows) {
    for (int block = 0; block < row.blocks; ++block) {
      x = Block(net, x, next() + ".conv", row.expansion, row.channels,
                block == 0 ? row.stride : 1);
    }
  }
  x = ConvNormRelu6(net, x, next(), {.channels = kLast});
  x = net.GlobalAveragePool(x);
  x = net.b().Op("dropout", {x}, {{"rate", 0.2}});
  return net.Finish(net.Classifier(
      x, "classifier.1", options.classes == 0 ? 1000 : options.classes));
}

}  // namespace assay
