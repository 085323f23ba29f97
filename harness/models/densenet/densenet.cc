#include "harness/models/densenet/densenet.h"

#include "absl/strings/str_cat.h"

namespace assay {
namespace {

constexpr int64_t kBottleneck = 4;  // of a layer's 1x1 convolution, in growths

using Ints = std::vector<int64_t>;

struct Network {
  LayerBuilder& net;
  const DenseNetOptions& options;

  ValueId NormRelu(ValueId x, const std::string& path) {
    return net.Relu(net.BatchNorm(x, path));
  }

  ValueId Stem(ValueId image) {
    if (!options.photographs) {
      return net.Conv(
          image, "features.conv0",
          {.channels = options.first, .kernel = {3, 3}, .pads = {1, 1, 1, 1}});
    }
    const ValueId x =
        net.ConvNormRelu(image, "features.conv0", "features.norm0",
                         {.channels = options.first,
                          .kernel = {7, 7},
                          .strides = {2, 2},
                          .pads = {3, 3, 3, 3}});
    return net.b().Op("max_pool", {x},
                      {{"kernel", Ints{3, 3}},
                       {"strides", Ints{2, 2}},
                       {"pads", Ints{1, 1, 1, 1}}});
  }

  ValueId Layer(ValueId x, const std::string& path) {
    ValueId y = net.Conv(NormRelu(x, path + ".norm1"), path + ".conv1",
                         {.channels = kBottleneck * options.growth});
    y = net.Conv(
        NormRelu(y, path + ".norm2"), path + ".conv2",
        {.channels = options.growth, .kernel = {3, 3}, .pads = {1, 1, 1, 1}});
    return net.b().Op("concat", {x, y}, {{"axis", int64_t{1}}});
  }

  ValueId Transition(ValueId x, const std::string& path) {
    x = net.Conv(NormRelu(x, path + ".norm"), path + ".conv",
                 {.channels = net.Extent(x, 1) / 2});
    return net.b().Op("avg_pool", {x},
                      {{"kernel", Ints{2, 2}},
                       {"strides", Ints{2, 2}},
                       {"pads", Ints{0, 0, 0, 0}}});
  }
};

}  // namespace

absl::StatusOr<ReferenceGraph> DenseNet(const OpSet& ops,
                                        const DenseNetOptions& densenet,
                                        const ReferenceGraphOptions& options) {
  LayerBuilder net(densenet.name, ops);
  Network network{net, densenet};
  Shape shape = options.input.empty() ? densenet.image : options.input;
  shape.insert(shape.begin(), options.batch);
  ValueId x = network.Stem(net.b().Input("image", DType::kF32, shape));
  for (size_t block = 1; block <= densenet.blocks.size(); ++block) {
    if (block > 1) {
      x = network.Transition(x, absl::StrCat("features.transition", block - 1));
    }
    for (int layer = 1; layer <= densenet.blocks[block - 1]; ++layer) {
      x = network.Layer(
          x, absl::StrCat("features.denseblock", block, ".denselayer", layer));
    }
  }
  x = network.NormRelu(
      x, absl::StrCat("features.norm", densenet.blocks.size() + 1));
  return net.Finish(net.Classifier(
      net.GlobalAveragePool(x), "classifier",
      options.classes == 0 ? densenet.classes : options.classes));
}

}  // namespace assay
