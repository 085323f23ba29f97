#include "harness/models/tdnn/tdnn.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/models/compose/sequence.h"

namespace assay {
namespace {

absl::Status Check(const TdnnOptions& tdnn) {
  if (tdnn.layers.empty()) {
    return absl::InvalidArgumentError("tdnn: expected a layer, got none");
  }
  for (const TdnnLayer& layer : tdnn.layers) {
    if (layer.taps % 2 == 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "tdnn: expected an odd number of taps, got ", layer.taps));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ReferenceGraph> Tdnn(const OpSet& ops, const TdnnOptions& tdnn,
                                    const ReferenceGraphOptions& options) {
  ASSAY_RETURN_IF_ERROR(Check(tdnn));
  LayerBuilder net("tdnn", ops);
  Shape shape = options.input.empty() ? Shape{1, 49, 10} : options.input;
  shape.insert(shape.begin(), options.batch);
  ValueId x = net.b().Input("features", DType::kF32, shape);
  x = net.b().Transpose(x, {0, 3, 1, 2});  // [N,bands,1,frames]
  int number = 0;
  for (const TdnnLayer& layer : tdnn.layers) {
    const std::string path = absl::StrCat("layer", ++number);
    const int64_t reach = layer.taps / 2 * layer.dilation;
    x = net.ConvNormRelu(x, path + ".conv", path + ".bn",
                         {.channels = layer.channels,
                          .kernel = {1, layer.taps},
                          .pads = {0, reach, 0, reach},
                          .dilations = {1, layer.dilation}});
  }
  constexpr double kFloor = 1e-5;  // keeps the root's gradient finite
  x = StatisticsPool(net.b(), x, kNoValue, kFloor, VarianceFloor::kAdded);
  x = net.Relu(net.HiddenLinear(x, "embedding", tdnn.embedding));
  return net.Finish(
      net.Classifier(x, "linear", options.classes == 0 ? 10 : options.classes));
}

}  // namespace assay
