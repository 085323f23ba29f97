// Residual networks for photographs (He et al. 2016, "Deep Residual Learning",
// table 1), with the stride of a bottleneck in its 3x3 convolution.
#ifndef ASSAY_HARNESS_MODELS_RESNET_RESNET_H_
#define ASSAY_HARNESS_MODELS_RESNET_RESNET_H_

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/models/layers.h"

namespace assay {

// Depth 18, 34 (basic blocks) or 50, 101, 152 (bottlenecks); INVALID_ARGUMENT
// otherwise. Input "image" [N,3,224,224] and 1000 classes by default.
// Parameters are called as torchvision does ("layer1.0.downsample.0.weights",
// "layer1.0.downsample.1.scale", "fc.bias"), so that its weights fit by
// FromTorch (torch_names.h).
absl::StatusOr<ReferenceGraph> ResNet(const OpSet& ops, int depth,
                                      const ReferenceGraphOptions& options);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_RESNET_RESNET_H_
