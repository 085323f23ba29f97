#include "harness/models/mobilenet_v3/mobilenet_v3.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"

namespace assay {
namespace {

constexpr const char* kRelu = "relu";
constexpr const char* kHardswish = "hardswish";

// One row of the paper's tables.
struct Row {
  int64_t kernel, hidden, channels;
  bool squeeze;
  const char* activation;
  int64_t stride;
};

constexpr Row kSmall[] = {
    {3, 16, 16, true, kRelu, 2},       {3, 72, 24, false, kRelu, 2},
    {3, 88, 24, false, kRelu, 1},      {5, 96, 40, true, kHardswish, 2},
    {5, 240, 40, true, kHardswish, 1}, {5, 240, 40, true, kHardswish, 1},
    {5, 120, 48, true, kHardswish, 1}, {5, 144, 48, true, kHardswish, 1},
    {5, 288, 96, true, kHardswish, 2}, {5, 576, 96, true, kHardswish, 1},
    {5, 576, 96, true, kHardswish, 1}};

constexpr Row kLarge[] = {
    {3, 16, 16, false, kRelu, 1},       {3, 64, 24, false, kRelu, 2},
    {3, 72, 24, false, kRelu, 1},       {5, 72, 40, true, kRelu, 2},
    {5, 120, 40, true, kRelu, 1},       {5, 120, 40, true, kRelu, 1},
    {3, 240, 80, false, kHardswish, 2}, {3, 200, 80, false, kHardswish, 1},
    {3, 184, 80, false, kHardswish, 1}, {3, 184, 80, false, kHardswish, 1},
    {3, 480, 112, true, kHardswish, 1}, {3, 672, 112, true, kHardswish, 1},
    {5, 672, 160, true, kHardswish, 2}, {5, 960, 160, true, kHardswish, 1},
    {5, 960, 160, true, kHardswish, 1}};

struct Size {
  const char* name;
  absl::Span<const Row> rows;
  int64_t hidden;  // of the classifier
};

constexpr int64_t kFirst = 16;
constexpr double kEpsilon = 1e-3;
constexpr double kDropout = 0.2;

// To a multiple of 8, not more than a tenth below.
int64_t Rounded(int64_t channels) {
  const int64_t rounded = std::max<int64_t>(8, (channels + 4) / 8 * 8);
  return 10 * rounded < 9 * channels ? rounded + 8 : rounded;
}

ConvOptions Square(int64_t channels, int64_t kernel, int64_t stride,
                   int64_t groups = 1) {
  const int64_t pad = kernel / 2;
  return {.channels = channels,
          .kernel = {kernel, kernel},
          .strides = {stride, stride},
          .pads = {pad, pad, pad, pad},
          .groups = groups};
}

struct Network {
  LayerBuilder& net;

  // A convolution at `path`.0, its batch norm at `path`.1.
  ValueId ConvNorm(ValueId x, const std::string& path,
                   const ConvOptions& options) {
    return net.BatchNorm(net.Conv(x, path + ".0", options), path + ".1",
                         kEpsilon);
  }

  // x * hard sigmoid of two 1x1 convolutions of its mean.
  ValueId Squeeze(ValueId x, const std::string& path) {
    GraphBuilder& b = net.b();
    const int64_t channels = net.Extent(x, 1);
    ValueId y = b.ReduceMean(x, {2, 3}, true);
    y = net.Relu(net.Conv(y, path + ".fc1",
                          {.channels = Rounded(channels / 4), .bias = true}));
    y = net.Conv(y, path + ".fc2", {.channels = channels, .bias = true});
    return b.Mul(x, b.Scale(b.Op("relu6", {b.Offset(y, 3)}), 1.0 / 6));
  }

  ValueId Block(ValueId x, const std::string& path, const Row& row) {
    const int64_t before = net.Extent(x, 1);
    int layer = 0;
    const auto next = [&] { return absl::StrCat(path, ".block.", layer++); };
    const auto activated = [&](ValueId v) {
      return net.b().Op(row.activation, {v});
    };
    ValueId y = x;
    if (row.hidden != before) {
      y = activated(ConvNorm(y, next(), Square(row.hidden, 1, 1)));
    }
    y = activated(ConvNorm(
        y, next(), Square(row.hidden, row.kernel, row.stride, row.hidden)));
    if (row.squeeze) y = Squeeze(y, next());
    y = ConvNorm(y, next(), Square(row.channels, 1, 1));
    return row.stride == 1 && before == row.channels ? net.b().Add(x, y) : y;
  }
};

}  // namespace

absl::StatusOr<ReferenceGraph> MobileNetV3(
    const OpSet& ops, MobileNetV3Size size,
    const ReferenceGraphOptions& options) {
  const Size chosen = size == MobileNetV3Size::kSmall
                          ? Size{"mobilenet-v3-small", kSmall, 1024}
                          : Size{"mobilenet-v3-large", kLarge, 1280};
  LayerBuilder net(chosen.name, ops);
  Network network{net};
  Shape shape = options.input.empty() ? Shape{3, 224, 224} : options.input;
  shape.insert(shape.begin(), options.batch);
  ValueId x = net.b().Input("image", DType::kF32, shape);
  int feature = 0;
  const auto next = [&] { return absl::StrCat("features.", feature++); };
  x = net.b().Op(kHardswish,
                 {network.ConvNorm(x, next(), Square(kFirst, 3, 2))});
  for (const Row& row : chosen.rows) x = network.Block(x, next(), row);
  x = net.b().Op(
      kHardswish,
      {network.ConvNorm(x, next(), Square(6 * net.Extent(x, 1), 1, 1))});
  x = net.GlobalAveragePool(x);
  x = net.b().Op(kHardswish,
                 {net.HiddenLinear(x, "classifier.0", chosen.hidden)});
  x = net.b().Op("dropout", {x}, {{"rate", kDropout}});
  return net.Finish(net.Classifier(
      x, "classifier.3", options.classes == 0 ? 1000 : options.classes));
}

}  // namespace assay
