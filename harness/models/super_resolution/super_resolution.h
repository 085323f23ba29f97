// Small networks that enlarge the luminance of images.
#ifndef ASSAY_HARNESS_MODELS_SUPER_RESOLUTION_SUPER_RESOLUTION_H_
#define ASSAY_HARNESS_MODELS_SUPER_RESOLUTION_SUPER_RESOLUTION_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/models/layers.h"

namespace assay {

struct EspcnOptions {
  std::string name = "espcn";
  int64_t factor = 3;  // of height and width
};

// ESPCN (Shi et al. 2016): convolutions 64@5x5 tanh, 32@3x3 tanh, factor^2@3x3
// on the small image, then pixel shuffle. Zero padding; weights start N(0, 1 /
// fan in). Input "image" [N,1,17,17] by default, of any height and width;
// output "prediction" [N,1,factor*H,factor*W]. Parameters "conv1.weights",
// "conv1.bias" to "conv3.bias".
absl::StatusOr<ReferenceGraph> Espcn(const OpSet& ops,
                                     const EspcnOptions& espcn,
                                     const ReferenceGraphOptions& options);

struct SrcnnOptions {
  std::string name = "srcnn";
  int64_t middle = 1;  // side of the second kernel: 1 or 5 in the paper
};

// SRCNN (Dong et al. 2014): convolutions 64@9x9 ReLU, 32@middle ReLU, 1@5x5 on
// an image that was enlarged before. Zero padding; weights start N(0, 2 / fan
// in), of the last N(0, 0.001^2). Input "image" [N,1,51,51] by default, of any
// height and width; output "prediction" of its shape. Parameters as above.
absl::StatusOr<ReferenceGraph> Srcnn(const OpSet& ops,
                                     const SrcnnOptions& srcnn,
                                     const ReferenceGraphOptions& options);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_SUPER_RESOLUTION_SUPER_RESOLUTION_H_
