#include "harness/models/lenet/lenet.h"

namespace assay {
namespace {

constexpr int64_t kClasses = 10;

ValueId Image(LayerBuilder& net, const ReferenceGraphOptions& options) {
  Shape shape = options.input.empty() ? Shape{1, 28, 28} : options.input;
  shape.insert(shape.begin(), options.batch);
  return net.b().Input("image", DType::kF32, shape);
}

int64_t Classes(const ReferenceGraphOptions& options) {
  return options.classes == 0 ? kClasses : options.classes;
}

}  // namespace

absl::StatusOr<ReferenceGraph> LeNet5(const OpSet& ops,
                                      const ReferenceGraphOptions& options) {
  LayerBuilder net("lenet5", ops);
  ValueId x = Image(net, options);
  x = net.Relu(net.Conv(
      x, "conv1",
      {.channels = 6, .kernel = {5, 5}, .pads = {2, 2, 2, 2}, .bias = true}));
  x = net.MaxPool2(x);
  x = net.Relu(
      net.Conv(x, "conv2", {.channels = 16, .kernel = {5, 5}, .bias = true}));
  x = net.Flatten(net.MaxPool2(x));
  x = net.Relu(net.HiddenLinear(x, "linear1", 120));
  x = net.Relu(net.HiddenLinear(x, "linear2", 84));
  return net.Finish(net.Classifier(x, "linear3", Classes(options)));
}

absl::StatusOr<ReferenceGraph> LeNet300(const OpSet& ops,
                                        const ReferenceGraphOptions& options) {
  LayerBuilder net("lenet300", ops);
  ValueId x = net.Flatten(Image(net, options));
  x = net.Relu(net.HiddenLinear(x, "linear1", 300));
  x = net.Relu(net.HiddenLinear(x, "linear2", 100));
  return net.Finish(net.Classifier(x, "linear3", Classes(options)));
}

}  // namespace assay
