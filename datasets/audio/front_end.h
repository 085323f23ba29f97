// From one second of sound to spectral features.
#ifndef ASSAY_DATASETS_AUDIO_FRONT_END_H_
#define ASSAY_DATASETS_AUDIO_FRONT_END_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "datasets/options.h"
#include "harness/core/shape.h"

namespace assay {

struct FrontEndConfig {
  int64_t rate = 8000;   // samples per second
  int64_t window = 200;  // samples
  int64_t hop = 80;      // samples
  int64_t bands = 40;    // mel bands
  int64_t cepstra = 0;   // 0: log-mel; else that many MFCCs
};

// log_mel: 25 ms windows every 10 ms, 40 bands: [1, 98, 40].
FrontEndConfig LogMelConfig(int64_t rate);
// mfcc: 32 ms windows every 20 ms, 10 coefficients of 40 bands: [1, 49, 10].
FrontEndConfig MfccConfig(int64_t rate);

// The option front_end=log_mel|mfcc and the configuration that it names.
OptionDoc FrontEndOption();
FrontEndConfig FrontEndFromOption(const DatasetOptions& resolved, int64_t rate);

// Features of exactly one second: a shorter sound gets equal silence on both
// sides, of a longer one the middle is kept (an odd sample goes to the end).
//
//   frame t    x[i] = sound[t hop + i] * (0.5 - 0.5 cos(2 pi i / window)), for
//              1 + floor((rate - window) / hop) frames
//   power      P[k] = |X[k]|^2, X the DFT of x padded with zeros to N, the
//              least power of two >= 2 window
//   mel        m(f) = 2595 log10(1 + f / 700); bands + 2 points equally spaced
//              in mel from 20 Hz to rate / 2; band b is the triangle over
//              points b, b + 1, b + 2 with peak 1, linear in hertz
//   log-mel    L[b] = ln(1e-6 + sum over k of triangle_b(k rate / N) P[k])
//   MFCC       C[q] = s[q] sum over b of L[b] cos(pi q (b + 0.5) / bands),
//              s[0] = sqrt(1 / bands), s[q] = sqrt(2 / bands) (DCT-II)
//
// Computed in f32 by OpenCV's DFT; equal to the last bits on one machine.
// Thread-safe after construction.
class FrontEnd {
 public:
  explicit FrontEnd(const FrontEndConfig& config);

  // [1, frames, bands] or [1, frames, cepstra].
  Shape shape() const;

  // `sound` in [-1, 1] at config.rate, any length. Writes one value for each
  // element of shape().
  void Extract(absl::Span<const float> sound, absl::Span<float> out) const;

 private:
  // The weights of one band on power bins [first, first + weights.size()).
  struct Band {
    int64_t first = 0;
    std::vector<float> weights;
  };

  FrontEndConfig config_;
  int64_t frames_, points_;  // points_: N of the DFT
  std::vector<float> window_;
  std::vector<Band> bands_;
  std::vector<float> cosines_;  // [cepstra, bands], scaled
};

}  // namespace assay

#endif  // ASSAY_DATASETS_AUDIO_FRONT_END_H_
