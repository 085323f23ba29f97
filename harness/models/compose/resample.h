// Resizing, padding by what lies near, spectra of sound, and messages along the
// edges of graphs, composed of ops. See image.h for what holds of all.
//
// Positions and weights are made of nodes over scalars, so that no constant
// counts as a parameter; a plan has them folded.
#ifndef ASSAY_HARNESS_MODELS_COMPOSE_RESAMPLE_H_
#define ASSAY_HARNESS_MODELS_COMPOSE_RESAMPLE_H_

#include <array>
#include <cstdint>
#include <vector>

#include "harness/core/tensor.h"
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

// Overlapping frames of sound: [N,S] -> [N,T,length], frame t at t * hop,
// T = 1 + floor((S - length) / hop).
ValueId Frames(GraphBuilder& b, ValueId src, int64_t length, int64_t hop);

// The 2 * (length/2 + 1) rows of cosines and negative sines of a real DFT,
// times the window: a constant [2F, length] that stands for a layer's weights
// (and is counted so). The inverse [length, 2F] gives the frame back, times the
// window.
std::vector<double> HannWindow(int64_t length);  // periodic
Tensor DftBasis(const std::vector<double>& window);
Tensor InverseDftBasis(const std::vector<double>& window);

// Complex spectra [N,T,F] of frames [N,T,length], F = length/2 + 1.
struct Spectrum {
  ValueId real = kNoValue, imaginary = kNoValue;
};
// src [N,S]; as PyTorch's stft with center=False.
Spectrum Stft(GraphBuilder& b, ValueId src, const std::vector<double>& window,
              int64_t hop);
// [N,S] back, S = length + (T-1) * hop, where squares of the window overlap to
// something everywhere but at both ends; hop divides the length. The sum of
// squared windows is divided out where it is above 1e-11.
ValueId InverseStft(GraphBuilder& b, const Spectrum& spectrum,
                    const std::vector<double>& window, int64_t hop);
// real^2 + imaginary^2.
ValueId Power(GraphBuilder& b, const Spectrum& spectrum);

// Messages: src [E,..] along edges whose ends `indices` s32 [E] name, to rows
// [rows,..]. The sum is op scatter_add, the maximum scatter_max.
ValueId SegmentMean(GraphBuilder& b, ValueId src, ValueId indices,
                    int64_t rows);  // 0 for a row without edges
// exp(src - its row's maximum) / their sum over the row, by edge: [E,..].
ValueId SegmentSoftmax(GraphBuilder& b, ValueId src, ValueId indices,
                       int64_t rows);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_COMPOSE_RESAMPLE_H_
