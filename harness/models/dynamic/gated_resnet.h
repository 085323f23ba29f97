// Residual networks that skip blocks (Wang et al. 2018, SkipNet).
#ifndef ASSAY_HARNESS_MODELS_DYNAMIC_GATED_RESNET_H_
#define ASSAY_HARNESS_MODELS_DYNAMIC_GATED_RESNET_H_

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/models/dynamic/dynamic_network.h"

namespace assay {

// ResNet of depth 6n+2 for small images. Each of its 3n blocks has a gate, a
// linear of its input's mean over space ("gate1.weights"); the block runs where
// that is positive, else its shortcut alone.
absl::StatusOr<DynamicNetwork> GatedResNet(
    const OpSet& ops, int depth, const ReferenceGraphOptions& options = {});

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_DYNAMIC_GATED_RESNET_H_
