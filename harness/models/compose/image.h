// Functions of images [N,C,H,W] and series [N,C,T], composed of ops: they
// differentiate any number of times and run on every backend.
//
// Extents that stay are copied (0 in reshape), so that a graph takes another
// batch. After an error of the builder they do nothing and give kNoValue.
#ifndef ASSAY_HARNESS_MODELS_COMPOSE_IMAGE_H_
#define ASSAY_HARNESS_MODELS_COMPOSE_IMAGE_H_

#include <array>
#include <cstdint>

#include "harness/graph/builder.h"

namespace assay {

// [N,C*r*r,H,W] -> [N,C,H*r,W*r]: dst[n, c, y*r+i, x*r+j] =
// src[n, (c*r + i)*r + j, y, x] (PyTorch's pixel_shuffle). Channels can be
// removed by whole groups of r*r.
ValueId PixelShuffle(GraphBuilder& b, ValueId src, int64_t factor);
// The inverse: [N,C,H,W] -> [N,C*r*r,H/r,W/r].
ValueId PixelUnshuffle(GraphBuilder& b, ValueId src, int64_t factor);

// [N,C,H,W] -> [N,C,h,w] for any h <= H, w <= W: result i of an axis stands for
// the elements [floor(i*in/out), ceil((i+1)*in/out)), as in PyTorch. One
// pooling node where the extents divide, else about 2 (h + w) nodes. The
// maximum's gradient goes to one of equal maxima.
ValueId AdaptiveAveragePool(GraphBuilder& b, ValueId src,
                            std::array<int64_t, 2> extents);
ValueId AdaptiveMaxPool(GraphBuilder& b, ValueId src,
                        std::array<int64_t, 2> extents);

// Along time: src [N,I,T], weights [O,I/groups,k], bias [O] or kNoValue.
struct SeriesConvOptions {
  int64_t stride = 1, before = 0, after = 0, dilation = 1, groups = 1;
};
ValueId Conv1d(GraphBuilder& b, ValueId src, ValueId weights, ValueId bias,
               const SeriesConvOptions& options = {});

// Normalises each of `groups` runs of channels of each sample over its channels
// and all axes behind them, then scales and shifts by channel ([C]):
// GroupNorm; with C groups instance normalisation. src [N,C,..]. The variance
// is biased. Channels can be removed by whole groups.
ValueId GroupNorm(GraphBuilder& b, ValueId src, ValueId scale, ValueId shift,
                  int64_t groups, double epsilon);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_COMPOSE_IMAGE_H_
