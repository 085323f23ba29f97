// ECAPA-TDNN (Desplanques et al. 2020) in the form from which EfficientTDNN
// (Wang et al. 2022) searches: SE-Res2 blocks and attentive statistics.
#ifndef ASSAY_HARNESS_MODELS_ECAPA_ECAPA_H_
#define ASSAY_HARNESS_MODELS_ECAPA_ECAPA_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/models/layers.h"

namespace assay {

// EfficientTDNN's Base by default.
struct EcapaOptions {
  std::string name = "ecapa";
  int64_t frames = 300, bands = 80;  // of the input
  int64_t channels = 512;
  int64_t first_taps = 5;
  int64_t taps = 3;       // of the blocks' convolutions
  int64_t blocks = 3;     // block i (from 1) has dilation i + 1
  int64_t scale = 8;      // groups of a block's channels
  int64_t reduction = 4;  // of squeeze-and-excitation
  int64_t aggregate = 1536;
  int64_t attention = 128;
  int64_t embedding = 192;
  int64_t classes = 10;
};

// Bands are channels and time is the width of 2-d convolutions of height 1
// without bias, padded so that the frames stay; each is followed by ReLU, then
// batch norm. Block: 1x1 convolution; its channels in groups, of which all but
// the last pass a convolution, each adding the result of the one before; 1x1
// convolution; squeeze-and-excitation. A block reads the last result and adds
// the sum of all results before it. The blocks' results side by side pass a 1x1
// convolution; mean and standard deviation over time, weighted by attention;
// batch norm, linear to the embedding, batch norm; linear. Input "features"
// [N,1,frames,bands]. Parameters: "layer1.conv.weights",
// "block1.in.conv.weights", "block1.res0.conv.weights", "block1.out.bn.scale",
// "block1.se1.weights", "aggregate.conv.weights", "attention1.weights",
// "pool.bn.scale", "embedding.weights", "embedding.bn.scale", "linear.weights".
// INVALID_ARGUMENT: an even number of taps, or a scale that does not divide the
// channels.
absl::StatusOr<ReferenceGraph> Ecapa(const OpSet& ops,
                                     const EcapaOptions& ecapa,
                                     const ReferenceGraphOptions& options);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_ECAPA_ECAPA_H_
