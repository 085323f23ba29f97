#include "harness/models/super_resolution/super_resolution.h"

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/models/compose/image.h"

namespace assay {
namespace {

using Stddev = double (*)(absl::Span<const int64_t> weights);

double Thousandth(absl::Span<const int64_t>) { return 1e-3; }

// With bias; the extents stay.
ValueId Conv(LayerBuilder& net, ValueId x, const std::string& path,
             int64_t channels, int64_t kernel, Stddev stddev) {
  const Shape shape = {channels, net.Extent(x, 1), kernel, kernel};
  const ValueId weights = net.Parameter(
      path + ".weights", shape, Initialiser::Kind::kNormal, stddev(shape));
  const ValueId bias = net.Parameter(path + ".bias", {channels},
                                     Initialiser::Kind::kConstant, 0);
  return net.b().Op("conv2d", {x, weights, bias},
                    {{"pads", std::vector<int64_t>(4, kernel / 2)}}, path);
}

ValueId Image(LayerBuilder& net, const ReferenceGraphOptions& options,
              int64_t side) {
  Shape shape = options.input.empty() ? Shape{1, side, side} : options.input;
  shape.insert(shape.begin(), options.batch);
  return net.b().Input("image", DType::kF32, shape);
}

}  // namespace

absl::StatusOr<ReferenceGraph> Espcn(const OpSet& ops,
                                     const EspcnOptions& espcn,
                                     const ReferenceGraphOptions& options) {
  LayerBuilder net(espcn.name, ops);
  ValueId x = Image(net, options, 17);
  const int64_t channels = net.Extent(x, 1) * espcn.factor * espcn.factor;
  x = net.b().Op("tanh", {Conv(net, x, "conv1", 64, 5, LecunFanIn)});
  x = net.b().Op("tanh", {Conv(net, x, "conv2", 32, 3, LecunFanIn)});
  x = Conv(net, x, "conv3", channels, 3, LecunFanIn);
  return net.Finish(PixelShuffle(net.b(), x, espcn.factor), "prediction");
}

absl::StatusOr<ReferenceGraph> Srcnn(const OpSet& ops,
                                     const SrcnnOptions& srcnn,
                                     const ReferenceGraphOptions& options) {
  if (srcnn.middle % 2 == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        srcnn.name, ": expected an odd side of the second kernel, ", "got ",
        srcnn.middle));
  }
  LayerBuilder net(srcnn.name, ops);
  ValueId x = Image(net, options, 51);
  const int64_t channels = net.Extent(x, 1);
  x = net.Relu(Conv(net, x, "conv1", 64, 9, HeFanIn));
  x = net.Relu(Conv(net, x, "conv2", 32, srcnn.middle, HeFanIn));
  return net.Finish(Conv(net, x, "conv3", channels, 5, Thousandth),
                    "prediction");
}

}  // namespace assay
