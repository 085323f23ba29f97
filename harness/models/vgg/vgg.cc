#include "harness/models/vgg/vgg.h"

#include "absl/strings/str_cat.h"

namespace assay {
namespace {

constexpr double kDropout = 0.5;

// Numbers its layers as torchvision's Sequential counts them.
struct Features {
  LayerBuilder& net;
  int layer = 0;

  std::string Next() { return absl::StrCat("features.", layer++); }

  ValueId Stage(ValueId x, const std::vector<int64_t>& channels) {
    for (const int64_t n : channels) {
      x = net.Conv(x, Next(),
                   {.channels = n,
                    .kernel = {3, 3},
                    .pads = {1, 1, 1, 1},
                    .bias = true});
      x = net.Relu(net.BatchNorm(x, Next()));
      ++layer;  // relu
    }
    ++layer;  // pool
    return net.MaxPool2(x);
  }
};

}  // namespace

absl::StatusOr<ReferenceGraph> Vgg(const OpSet& ops, const VggOptions& vgg,
                                   const ReferenceGraphOptions& options) {
  LayerBuilder net(vgg.name, ops);
  Shape shape = options.input.empty() ? vgg.image : options.input;
  shape.insert(shape.begin(), options.batch);
  ValueId x = net.b().Input("image", DType::kF32, shape);
  Features features{net};
  for (const std::vector<int64_t>& stage : vgg.stages) {
    x = features.Stage(x, stage);
  }
  x = net.Flatten(x);
  int layer = 0;
  for (const int64_t n : vgg.hidden) {
    x = net.Relu(net.HiddenLinear(x, absl::StrCat("classifier.", layer), n));
    x = net.b().Op("dropout", {x}, {{"rate", kDropout}});
    layer += 3;  // linear, relu, dropout
  }
  const std::string last =
      vgg.hidden.empty() ? "classifier" : absl::StrCat("classifier.", layer);
  return net.Finish(net.Classifier(
      x, last, options.classes == 0 ? vgg.classes : options.classes));
}

}  // namespace assay
