#include "datasets/syllables/synthesis.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace assay::datasets::syllables {
namespace {

// Scales the spread of formant targets and the background noise. The README
// says what a small network reaches at this value.
constexpr float kDifficulty = 1.0f;

constexpr float kPi = 3.14159265f;
constexpr int kBlock = 40;  // samples between two settings of the filters

using Formants = std::array<float, 3>;  // hertz

// Averages over male speakers (Peterson and Barney 1952): a, e, i, o, u.
constexpr std::array<Formants, 5> kVowels = {{{730, 1090, 2440},
                                              {530, 1840, 2480},
                                              {270, 2290, 3010},
                                              {570, 840, 2410},
                                              {300, 870, 2240}}};
// Where the glide into the vowel starts: after m and after s.
constexpr std::array<Formants, 2> kOnsets = {
    {{250, 1000, 2200}, {300, 1700, 2600}}};
constexpr Formants kBandwidths = {80, 110, 160};

float Between(RandomStream& stream, float low, float high) {
  return low + (high - low) * stream.Uniform();
}

// Two poles with gain 1 at 0 Hz, as in Klatt's synthesiser.
class Resonator {
 public:
  void Set(float hertz, float bandwidth) {
    const float radius = std::exp(-kPi * bandwidth / kRate);
    b_ = 2 * radius * std::cos(2 * kPi * hertz / kRate);
    c_ = -radius * radius;
    a_ = 1 - b_ - c_;
  }
  float Next(float x) {
    const float y = a_ * x + b_ * y1_ + c_ * y2_;
    y2_ = y1_;
    y1_ = y;
    return y;
  }

 private:
  float a_ = 1, b_ = 0, c_ = 0, y1_ = 0, y2_ = 0;
};

// What is drawn once for each sound.
struct Speaker {
  float pitch, glide;  // hertz at the start; fraction gained by the end
  float tract;         // factor of all formants
  Formants vowel, onset;
};

Speaker AnySpeaker(int label, RandomStream& stream) {
  Speaker speaker;
  speaker.pitch = Between(stream, 85, 250);
  speaker.glide = Between(stream, -0.25f, 0.15f);
  const float height = (speaker.pitch - 85) / 165;
  speaker.tract = 0.92f + 0.25f * height + Between(stream, -0.06f, 0.06f);
  const size_t vowel = static_cast<size_t>(label % 5);
  const size_t onset = static_cast<size_t>(label / 5);
  for (size_t f = 0; f < 3; ++f) {
    const float spread = 0.1f * kDifficulty;
    const float off = 1 + Between(stream, -spread, spread);
    speaker.vowel[f] =
        std::min(kVowels[vowel][f] * speaker.tract * off, 3600.f);
    speaker.onset[f] = kOnsets[onset][f] * speaker.tract * off;
  }
  return speaker;
}

// Lengths in samples.
struct Timing {
  int start, onset, glide, vowel;
  int length() const { return onset + vowel; }
};

Timing AnyTiming(RandomStream& stream) {
  const auto samples = [&](float low, float high) {
    return static_cast<int>(Between(stream, low, high) * kRate);
  };
  Timing timing;
  timing.onset = samples(0.05f, 0.12f);
  timing.glide = samples(0.03f, 0.08f);
  timing.vowel = samples(0.15f, 0.4f);
  timing.start = static_cast<int>(Between(stream, 0.05f, 0.95f) *
                                  static_cast<float>(kRate - timing.length()));
  return timing;
}

// Pulses at a gliding pitch, softened by one pole.
class Glottis {
 public:
  float Next(float hertz) {
    phase_ += hertz / kRate;
    const bool pulse = phase_ >= 1;
    if (pulse) phase_ -= 1;
    flow_ = 0.9f * flow_ + (pulse ? 1.0f : 0.0f);
    return flow_ - 0.12f;  // about the mean of the flow
  }

 private:
  float phase_ = 0, flow_ = 0;
};

void AddSyllable(int label, const Speaker& speaker, const Timing& timing,
                 RandomStream& stream, std::vector<float>* sound) {
  const bool hissing = label >= 5;
  std::array<Resonator, 3> tract;
  Resonator hiss;
  hiss.Set(2900 * speaker.tract, 700);
  Glottis glottis;
  const float hiss_level = Between(stream, 0.1f, 0.4f);
  for (int t = 0; t < timing.length(); ++t) {
    const float mix = std::clamp(
        static_cast<float>(t - timing.onset) / static_cast<float>(timing.glide),
        0.0f, 1.0f);
    if (t % kBlock == 0) {
      for (size_t f = 0; f < 3; ++f) {
        tract[f].Set(
            speaker.onset[f] + mix * (speaker.vowel[f] - speaker.onset[f]),
            kBandwidths[f]);
      }
    }
    const float done =
        static_cast<float>(t) / static_cast<float>(timing.length());
    const bool in_onset = t < timing.onset;
    const float voice =
        glottis.Next(speaker.pitch * (1 + speaker.glide * done));
    float y = in_onset ? (hissing ? 0.0f : 0.35f) * voice : voice;
    for (Resonator& r : tract) y = r.Next(y);
    if (hissing && t < timing.onset + timing.glide / 2) {
      y += hiss_level * hiss.Next(stream.Uniform() - 0.5f);
    }
    const float fade = std::min({1.0f, 20 * done, 6 * (1 - done)});
    (*sound)[static_cast<size_t>(timing.start + t)] += fade * y;
  }
}

float Energy(const std::vector<float>& sound) {
  float sum = 0;
  for (float x : sound) sum += x * x;
  return sum;
}

// Noise between white and 1/f over the whole second, `ratio` decibels below the
// syllable.
void AddNoise(float ratio, int syllable_length, RandomStream& stream,
              std::vector<float>* sound) {
  const float colour = Between(stream, 0.0f, 0.9f);
  std::vector<float> noise(sound->size());
  float state = 0;
  for (float& x : noise) {
    state = colour * state + stream.Uniform() - 0.5f;
    x = state;
  }
  const float signal = Energy(*sound) / static_cast<float>(syllable_length);
  const float power = Energy(noise) / static_cast<float>(noise.size());
  const float gain = std::sqrt(signal / power * std::pow(10.0f, -ratio / 10));
  for (size_t i = 0; i < noise.size(); ++i) (*sound)[i] += gain * noise[i];
}

}  // namespace

std::vector<float> Synthesise(int label, RandomStream& stream) {
  std::vector<float> sound(kRate, 0.0f);
  const Speaker speaker = AnySpeaker(label, stream);
  const Timing timing = AnyTiming(stream);
  AddSyllable(label, speaker, timing, stream, &sound);
  AddNoise(Between(stream, 0, 25) + 10 * (1 - kDifficulty), timing.length(),
           stream, &sound);
  float peak = 0;
  for (float x : sound) peak = std::max(peak, std::abs(x));
  const float gain = Between(stream, 0.1f, 1.0f) / peak;
  for (float& x : sound) x *= gain;
  return sound;
}

}  // namespace assay::datasets::syllables
