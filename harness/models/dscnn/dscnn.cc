#include "harness/models/dscnn/dscnn.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace assay {
namespace {

constexpr int64_t kChannels = 64;
constexpr int kBlocks = 4;

ValueId SameConvNormRelu(LayerBuilder& net, ValueId x, const std::string& path,
                         ConvOptions options) {
  options.channels = kChannels;
  options.pads = SamePads({net.Extent(x, 2), net.Extent(x, 3)}, options.kernel,
                          options.strides);
  return net.ConvNormRelu(x, path + ".conv", path + ".bn", options);
}

}  // namespace

absl::StatusOr<ReferenceGraph> DsCnn(const OpSet& ops,
                                     const ReferenceGraphOptions& options) {
  LayerBuilder net("dscnn", ops);
  Shape shape = options.input.empty() ? Shape{1, 49, 10} : options.input;
  shape.insert(shape.begin(), options.batch);
  ValueId x = net.b().Input("features", DType::kF32, shape);
  x = SameConvNormRelu(net, x, "stem", {.kernel = {10, 4}, .strides = {2, 2}});
  for (int block = 0; block < kBlocks; ++block) {
    const std::string path = absl::StrCat("block", block + 1);
    x = SameConvNormRelu(net, x, path + ".depthwise",
                         {.kernel = {3, 3}, .groups = kChannels});
    x = SameConvNormRelu(net, x, path + ".pointwise", {});
  }
  x = net.GlobalAveragePool(x);
  x = net.b().Op("dropout", {x}, {{"rate", 0.2}});
  return net.Finish(
      net.Classifier(x, "linear", options.classes == 0 ? 12 : options.classes));
}

}  // namespace assay
