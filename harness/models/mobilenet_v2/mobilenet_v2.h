// MobileNetV2 (Sandler et al. 2018, table 2): inverted residuals with linear
// bottlenecks.
#ifndef ASSAY_HARNESS_MODELS_MOBILENET_V2_MOBILENET_V2_H_
#define ASSAY_HARNESS_MODELS_MOBILENET_V2_MOBILENET_V2_H_

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/models/layers.h"

namespace assay {

// Width 1. Input "image" [N,3,224,224] and 1000 classes by default. Parameters
// are called as torchvision does ("features.1.conv.0.0.weights",
// "features.1.conv.0.1.scale", "classifier.1.bias"), so that its weights fit by
// FromTorch (torch_names.h).
absl::StatusOr<ReferenceGraph> MobileNetV2(
    const OpSet& ops, const ReferenceGraphOptions& options);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_MOBILENET_V2_MOBILENET_V2_H_
