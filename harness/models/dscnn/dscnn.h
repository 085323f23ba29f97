// DS-CNN for keyword spotting (Zhang et al. 2017), in the small form that
// MLPerf Tiny uses.
#ifndef ASSAY_HARNESS_MODELS_DSCNN_DSCNN_H_
#define ASSAY_HARNESS_MODELS_DSCNN_DSCNN_H_

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/models/layers.h"

namespace assay {

// Convolution 64@10x4 stride 2, four blocks of depthwise 3x3 and pointwise 1x1
// convolution with 64 channels, each with batch norm and ReLU, SAME padding;
// global average; dropout 0.2 in front of the linear layer. Input "features"
// [N,1,frames,bands], [N,1,49,10] and 12 classes by default: 23,180 trainable
// parameters, 2.66 M MACs.
absl::StatusOr<ReferenceGraph> DsCnn(const OpSet& ops,
                                     const ReferenceGraphOptions& options);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_DSCNN_DSCNN_H_
