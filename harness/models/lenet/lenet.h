// LeCun's networks for 28x28 images, with ReLU in place of tanh.
#ifndef ASSAY_HARNESS_MODELS_LENET_LENET_H_
#define ASSAY_HARNESS_MODELS_LENET_LENET_H_

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/models/layers.h"

namespace assay {

// LeNet-5 (LeCun et al. 1998): conv 6@5x5 pad 2, max pool 2, conv 16@5x5, max
// pool 2, linear 120, 84, classes. Input "image" [N,1,28,28] or any other of at
// least 12x12; at the default 61,706 parameters and 416,520 MACs.
absl::StatusOr<ReferenceGraph> LeNet5(const OpSet& ops,
                                      const ReferenceGraphOptions& options);

// LeNet-300-100: linear 300, 100, classes on the flattened image; 266,610
// parameters at the default input.
absl::StatusOr<ReferenceGraph> LeNet300(const OpSet& ops,
                                        const ReferenceGraphOptions& options);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_LENET_LENET_H_
