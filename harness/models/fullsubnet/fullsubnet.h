// Speech enhancement by full-band and sub-band recurrent networks: FullSubNet
// (Hao et al. 2021) and Fast FullSubNet (Hao & Li 2022).
#ifndef ASSAY_HARNESS_MODELS_FULLSUBNET_FULLSUBNET_H_
#define ASSAY_HARNESS_MODELS_FULLSUBNET_FULLSUBNET_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/models/layers.h"

namespace assay {

// The input of both: magnitudes of a spectrogram.
struct SpectrogramOptions {
  int64_t bands = 257;     // linear in frequency, 0 to half the rate
  int64_t frames = 63;     // a second at a hop of 256
  int64_t look_ahead = 2;  // frames that a result may wait for
  double sample_rate = 16000;
};

struct FullSubNetOptions {
  std::string name = "fullsubnet";
  SpectrogramOptions input = {};
  int64_t full_hidden = 512;
  int64_t sub_hidden = 384;
  int64_t neighbours = 15;  // bands on each side that the sub-band model sees
};

// Magnitudes over their mean pass two LSTMs over all bands, linear, ReLU; then
// for each band the magnitudes of its neighbourhood and that result, over their
// mean, pass two LSTMs that the bands share, and linear to the two parts of a
// compressed complex ratio mask. Means are over everything but the batch. Input
// "features" [N,1,bands,frames], output "mask" [N,2,bands,frames]. Weights and
// biases start U(-1/sqrt(H), 1/sqrt(H)) with H the hidden or read features, as
// PyTorch's do. Parameters: "full.lstm1.input.weights",
// "full.lstm1.recurrent.bias", "full.linear.weights", "sub.lstm1...",
// "sub.linear...".
// INVALID_ARGUMENT: as many neighbours as bands.
absl::StatusOr<ReferenceGraph> FullSubNet(const OpSet& ops,
                                          const FullSubNetOptions& fullsubnet,
                                          const ReferenceGraphOptions& options);

struct FastFullSubNetOptions {
  std::string name = "fast-fullsubnet";
  SpectrogramOptions input = {};
  int64_t mel_bands = 64;
  int64_t encoder_hidden[2] = {384, 257};
  int64_t sub_hidden = 384;
  int64_t neighbours = 5;
  int64_t shrink = 2;  // frames that the sub-band model takes for one
  int64_t decoder_hidden[2] = {512, 512};
};

// As above, with the sub-band model on mel bands (triangles, HTK's scale) and
// on means of `shrink` frames (the first frame alone, so that nothing looks
// ahead), between an encoder and a decoder over all bands. Parameters
// "encoder.lstm1...", "encoder.linear...", "sub...", "decoder...".
absl::StatusOr<ReferenceGraph> FastFullSubNet(
    const OpSet& ops, const FastFullSubNetOptions& fast,
    const ReferenceGraphOptions& options);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_FULLSUBNET_FULLSUBNET_H_
