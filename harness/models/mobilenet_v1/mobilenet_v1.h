// MobileNet (Howard et al. 2017, table 1): depthwise separable convolutions.
#ifndef ASSAY_HARNESS_MODELS_MOBILENET_V1_MOBILENET_V1_H_
#define ASSAY_HARNESS_MODELS_MOBILENET_V1_MOBILENET_V1_H_

#include <string>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/models/layers.h"

namespace assay {

struct MobileNetV1Options {
  std::string name = "mobilenet-v1";
  double width = 1;  // of every layer's channels, rounded to a multiple of 8
};

// Batch norm and ReLU6 behind each convolution, as in the authors' code. Input
// "image" [N,3,224,224] and 1000 classes by default. Parameters are called as
// timm's mobilenetv1_100 does ("conv_stem.weights", "bn1.scale",
// "blocks.1.0.conv_dw.weights", "blocks.1.0.bn2.scale", "classifier.bias"), so
// that its weights fit by FromTorch (torch_names.h).
absl::StatusOr<ReferenceGraph> MobileNetV1(
    const OpSet& ops, const MobileNetV1Options& mobilenet,
    const ReferenceGraphOptions& options);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_MOBILENET_V1_MOBILENET_V1_H_
