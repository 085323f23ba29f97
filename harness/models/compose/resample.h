// Resizing, padding by what lies near, and patches of images, composed of ops.
// See image.h for what holds of all.
//
// Positions and weights are made of nodes over scalars, so that no constant
// counts as a parameter; a plan has them folded.
#ifndef ASSAY_HARNESS_MODELS_COMPOSE_RESAMPLE_H_
#define ASSAY_HARNESS_MODELS_COMPOSE_RESAMPLE_H_

#include <array>
#include <cstdint>

#include "harness/graph/builder.h"

namespace assay {

// How a result's element is made of the source's, by PyTorch's interpolate
// without antialiasing and with align_corners=False:
//   kNearest  the element floor(i * in / out)
//   kLinear   of 2 neighbours an axis about (i + 0.5) * in / out - 0.5
//   kCubic    of 4, by the cubic with a = -0.75; kSharpCubic with a = -0.5
// (image editors' bicubic). Beyond the edge lies the edge's element.
enum class Interpolation : uint8_t { kNearest, kLinear, kCubic, kSharpCubic };
// src [N,C,H,W] -> [N,C,extents[0],extents[1]].
ValueId Resize(GraphBuilder& b, ValueId src, std::array<int64_t, 2> extents,
               Interpolation interpolation);

// `before` and `after` more elements on one axis: the edge's element again
// (replicate), or the neighbours mirrored at the edge's element (reflect; fewer
// than the extent).
enum class Border : uint8_t { kReplicate, kReflect };
ValueId PadBorder(GraphBuilder& b, ValueId src, int64_t axis, int64_t before,
                  int64_t after, Border border);

// Patches: every window of src [N,C,H,W] as a column, [N,C*kh*kw,OH*OW]
// (PyTorch's unfold). Pads are {top, left, bottom, right}.
struct PatchOptions {
  std::array<int64_t, 2> kernel = {1, 1}, strides = {1, 1};
  std::array<int64_t, 4> pads = {0, 0, 0, 0};
  std::array<int64_t, 2> dilations = {1, 1};
};
ValueId Unfold(GraphBuilder& b, ValueId src, const PatchOptions& options);
// A convolution with weights of their own at every place: weights
// [OH*OW,O,C*kh*kw], bias [O,OH,OW] or kNoValue; [N,O,OH,OW].
ValueId LocallyConnected(GraphBuilder& b, ValueId src, ValueId weights,
                         ValueId bias, const PatchOptions& options);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_COMPOSE_RESAMPLE_H_
