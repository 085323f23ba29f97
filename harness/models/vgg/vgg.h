// VGG with batch norm (Simonyan & Zisserman 2015), for photographs and for
// small images.
#ifndef ASSAY_HARNESS_MODELS_VGG_VGG_H_
#define ASSAY_HARNESS_MODELS_VGG_VGG_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/models/layers.h"

namespace assay {

// VGG-16 for photographs by default.
struct VggOptions {
  std::string name = "vgg16";
  Shape image = {3, 224, 224};
  // Channels of the 3x3 convolutions of each stage; a 2x2 max pool ends it.
  std::vector<std::vector<int64_t>> stages = {
      {64, 64}, {128, 128}, {256, 256, 256}, {512, 512, 512}, {512, 512, 512}};
  // Features of the hidden linear layers, each with ReLU and dropout 0.5.
  std::vector<int64_t> hidden = {4096, 4096};
  int64_t classes = 1000;
};

// Convolutions have biases, batch norm and ReLU. Input "image" [N,C,H,W]. The
// first linear layer reads every position of the last stage, so that its size
// follows the image's. Parameters are called as torchvision's vgg16_bn does
// ("features.0.weights", "features.1.scale", "classifier.0.weights"; without
// hidden layers "classifier.weights"), so that its weights fit by FromTorch
// (torch_names.h).
absl::StatusOr<ReferenceGraph> Vgg(const OpSet& ops, const VggOptions& vgg,
                                   const ReferenceGraphOptions& options);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_VGG_VGG_H_
