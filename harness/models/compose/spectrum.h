// Spectra of sound, composed of ops. See image.h for what holds of all.
//
// A basis is a constant that stands for a layer's weights, and is counted so.
#ifndef ASSAY_HARNESS_MODELS_COMPOSE_SPECTRUM_H_
#define ASSAY_HARNESS_MODELS_COMPOSE_SPECTRUM_H_

#include <cstdint>
#include <vector>

#include "harness/core/tensor.h"
#include "harness/graph/builder.h"

namespace assay {

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

// Triangles over power bins, f64 [bands, bins] of a DFT of 2 * (bins - 1)
// samples: bands + 2 points equally spaced in mel, m(f) = 2595 log10(1 + f /
// 700), from `low` to `high` hertz; peaks are 1, sides linear in hertz.
Tensor MelFilters(int64_t bands, int64_t bins, double rate, double low,
                  double high);
// log(floor + filters power): [N,T,F] -> [N,T,bands].
ValueId LogMel(GraphBuilder& b, ValueId power, const Tensor& filters,
               double floor);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_COMPOSE_SPECTRUM_H_
