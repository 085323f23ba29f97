// Residual networks for small images (He et al. 2016, section 4.2).
#ifndef ASSAY_HARNESS_MODELS_RESNET_CIFAR_RESNET_CIFAR_H_
#define ASSAY_HARNESS_MODELS_RESNET_CIFAR_RESNET_CIFAR_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/models/layers.h"

namespace assay {

// How a block's input joins its result where extents and channels change.
enum class Shortcut : uint8_t {
  kPad,   // option A: every second pixel, zero channels on both sides
  kConv,  // option B: a strided 1x1 convolution with batch norm
};

// Depth 6n+2: a 3x3 convolution, three stages of n basic blocks with 16, 32 and
// 64 channels, global average, linear. Input "image" [N,3,32,32] by default.
// Parameters are named "conv1.weights", "bn1.scale", "layer2.0.conv1.weights",
// "layer2.0.shortcut.conv.weights" (option B), "linear.bias".
// INVALID_ARGUMENT for another depth.
absl::StatusOr<ReferenceGraph> ResNetCifar(
    const OpSet& ops, int depth, Shortcut shortcut,
    const ReferenceGraphOptions& options);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_RESNET_CIFAR_RESNET_CIFAR_H_
