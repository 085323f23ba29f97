// MobileNetV3 (Howard et al. 2019, tables 1 and 2): inverted residuals with
// squeeze-and-excitation and hard-swish.
#ifndef ASSAY_HARNESS_MODELS_MOBILENET_V3_MOBILENET_V3_H_
#define ASSAY_HARNESS_MODELS_MOBILENET_V3_MOBILENET_V3_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/models/layers.h"

namespace assay {

enum class MobileNetV3Size : uint8_t { kSmall, kLarge };

// Input "image" [N,3,224,224] and 1000 classes by default. Parameters are
// called as torchvision does ("features.1.block.0.0.weights",
// "features.1.block.1.fc1.bias", "classifier.3.bias"), so that its weights fit
// by FromTorch (torch_names.h).
absl::StatusOr<ReferenceGraph> MobileNetV3(
    const OpSet& ops, MobileNetV3Size size,
    const ReferenceGraphOptions& options);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_MOBILENET_V3_MOBILENET_V3_H_
