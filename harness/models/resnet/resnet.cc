#include "harness/models/resnet/resnet.h"

#include <array>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace assay {
namespace {

struct Depth {
  int depth;
  std::array<int, 4> blocks;  // in each stage
  bool bottleneck;
};

constexpr Depth kDepths[] = {{18, {2, 2, 2, 2}, false},
                             {34, {3, 4, 6, 3}, false},
                             {50, {3, 4, 6, 3}, true},
                             {101, {3, 4, 23, 3}, true},
                             {152, {3, 8, 36, 3}, true}};

constexpr int64_t kExpansion = 4;  // of a bottleneck's channels

ConvOptions Conv1x1(int64_t channels, int64_t stride = 1) {
  return {.channels = channels, .strides = {stride, stride}};
}

ConvOptions Conv3x3(int64_t channels, int64_t stride = 1) {
  return {.channels = channels,
          .kernel = {3, 3},
          .strides = {stride, stride},
          .pads = {1, 1, 1, 1}};
}

ValueId ConvNorm(LayerBuilder& net, ValueId x, const std::string& conv,
                 const std::string& norm, const ConvOptions& options) {
  return net.BatchNorm(net.Conv(x, conv, options), norm);
}

// `width`: channels of the 3x3 convolutions.
ValueId Block(LayerBuilder& net, ValueId x, const std::string& path,
              int64_t width, int64_t stride, bool bottleneck) {
  const int64_t channels = bottleneck ? width * kExpansion : width;
  ValueId skip = x;
  if (stride != 1 || net.Extent(x, 1) != channels) {
    skip = ConvNorm(net, x, path + ".downsample.0", path + ".downsample.1",
                    Conv1x1(channels, stride));
  }
  ValueId y =
      net.ConvNormRelu(x, path + ".conv1", path + ".bn1",
                       bottleneck ? Conv1x1(width) : Conv3x3(width, stride));
  if (bottleneck) {
    y = net.ConvNormRelu(y, path + ".conv2", path + ".bn2",
                         Conv3x3(width, stride));
    y = ConvNorm(net, y, path + ".conv3", path + ".bn3", Conv1x1(channels));
  } else {
    y = ConvNorm(net, y, path + ".conv2", path + ".bn2", Conv3x3(width));
  }
  return net.Relu(net.b().Add(y, skip));
}

ValueId Stem(LayerBuilder& net, const ReferenceGraphOptions& options) {
  Shape shape = options.input.empty() ? Shape{3, 224, 224} : options.input;
  shape.insert(shape.begin(), options.batch);
  const ValueId image = net.b().Input("image", DType::kF32, shape);
  const ValueId x = net.ConvNormRelu(image, "conv1", "bn1",
                                     {.channels = 64,
                                      .kernel = {7, 7},
                                      .strides = {2, 2},
                                      .pads = {3, 3, 3, 3}});
  return net.b().Op("max_pool", {x},
                    {{"kernel", std::vector<int64_t>{3, 3}},
                     {"strides", std::vector<int64_t>{2, 2}},
                     {"pads", std::vector<int64_t>{1, 1, 1, 1}}});
}

}  // namespace

absl::StatusOr<ReferenceGraph> ResNet(const OpSet& ops, int depth,
                                      const ReferenceGraphOptions& options) {
  const Depth* found = nullptr;
  for (const Depth& row : kDepths) {
    if (row.depth == depth) found = &row;
  }
  if (found == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(
        "resnet: expected a depth of 18, 34, 50, 101 or 152, got ", depth));
  }
  LayerBuilder net(absl::StrCat("resnet", depth), ops);
  ValueId x = Stem(net, options);
  for (size_t stage = 0; stage < found->blocks.size(); ++stage) {
    for (int block = 0; block < found->blocks[stage]; ++block) {
      x = Block(net, x, absl::StrCat("layer", stage + 1, ".", block),
                int64_t{64} << stage, stage > 0 && block == 0 ? 2 : 1,
                found->bottleneck);
    }
  }
  x = net.GlobalAveragePool(x);
  return net.Finish(
      net.Classifier(x, "fc", options.classes == 0 ? 1000 : options.classes));
}

}  // namespace assay
