// A small time-delay network with statistics pooling (Snyder et al. 2018).
#ifndef ASSAY_HARNESS_MODELS_TDNN_TDNN_H_
#define ASSAY_HARNESS_MODELS_TDNN_TDNN_H_

#include <vector>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/models/layers.h"

namespace assay {

// One convolution over time.
struct TdnnLayer {
  int64_t channels = 64;
  int64_t taps = 3;
  int64_t dilation = 1;
};

struct TdnnOptions {
  std::vector<TdnnLayer> layers = {
      {64, 5, 1}, {64, 3, 2}, {64, 3, 3}, {96, 1, 1}};
  int64_t embedding = 64;
};

// Bands are channels and time is the width of 2-d convolutions of height 1,
// padded so that the frames stay; each with batch norm and ReLU. Then mean and
// standard deviation over time, linear to the embedding, ReLU, linear. Input
// "features" [N,1,frames,bands], [N,1,49,10] and 10 classes by default.
// INVALID_ARGUMENT: no layer, or an even number of taps.
absl::StatusOr<ReferenceGraph> Tdnn(const OpSet& ops, const TdnnOptions& tdnn,
                                    const ReferenceGraphOptions& options);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_TDNN_TDNN_H_
