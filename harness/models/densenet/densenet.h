// Densely connected networks (Huang et al. 2017) with bottlenecks and
// compression 0.5.
#ifndef ASSAY_HARNESS_MODELS_DENSENET_DENSENET_H_
#define ASSAY_HARNESS_MODELS_DENSENET_DENSENET_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/models/layers.h"

namespace assay {

// DenseNet-121 for photographs by default.
struct DenseNetOptions {
  std::string name = "densenet121";
  Shape image = {3, 224, 224};
  // True: a 7x7 convolution and a max pool, each of stride 2, in front; false:
  // a 3x3 convolution, for small images.
  bool photographs = true;
  int64_t first = 64;   // channels of the convolution in front
  int64_t growth = 32;  // channels that a layer adds
  std::vector<int> blocks = {6, 12, 24, 16};  // layers of each
  int64_t classes = 1000;
};

// A layer is batch norm, ReLU, 1x1 convolution to 4 * growth, batch norm, ReLU,
// 3x3 convolution to growth, whose result joins its input; between blocks batch
// norm, ReLU, a 1x1 convolution to half the channels and an average pool. Input
// "image" [N,C,H,W]. Parameters are called as torchvision does
// ("features.conv0.weights", "features.denseblock1.denselayer1.norm1.scale",
// "features.transition1.conv.weights", "classifier.bias"), so that its weights
// fit by FromTorch (torch_names.h).
absl::StatusOr<ReferenceGraph> DenseNet(const OpSet& ops,
                                        const DenseNetOptions& densenet,
                                        const ReferenceGraphOptions& options);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_DENSENET_DENSENET_H_
