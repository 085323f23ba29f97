#include "datasets/audio/front_end.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <vector>

#include "gtest/gtest.h"
#include "harness/core/shape.h"

namespace assay {
namespace {

std::vector<float> Features(const FrontEnd& front_end,
                            const std::vector<float>& sound) {
  std::vector<float> out(static_cast<size_t>(ElementCount(front_end.shape())));
  front_end.Extract(sound, absl::MakeSpan(out));
  return out;
}

std::vector<float> Tone(double hertz, size_t samples) {
  std::vector<float> sound(samples);
  for (size_t i = 0; i < samples; ++i) {
    const double t = static_cast<double>(i) / 8000.0;
    sound[i] = static_cast<float>(0.5 * std::sin(2 * M_PI * hertz * t));
  }
  return sound;
}

TEST(FrontEndTest, ShapesAreThoseOfTheDocumentation) {
  EXPECT_EQ(FrontEnd(LogMelConfig(8000)).shape(), (Shape{1, 98, 40}));
  EXPECT_EQ(FrontEnd(MfccConfig(8000)).shape(), (Shape{1, 49, 10}));
  EXPECT_EQ(FrontEnd(LogMelConfig(16000)).shape(), (Shape{1, 98, 40}));
}

TEST(FrontEndTest, SilenceIsTheFloor) {
  for (float x : Features(FrontEnd(LogMelConfig(8000)), {})) {
    EXPECT_FLOAT_EQ(x, std::log(1e-6f));
  }
}

// The formula of the header, written out in double precision for one frame.
TEST(FrontEndTest, EqualsTheFormula) {
  const FrontEndConfig config = {
      .rate = 64, .window = 12, .hop = 5, .bands = 3};
  std::vector<float> sound(64);
  for (size_t i = 0; i < 64; ++i) {
    sound[i] = static_cast<float>(std::sin(0.7 * static_cast<double>(i * i)));
  }
  const std::vector<float> got = Features(FrontEnd(config), sound);
  ASSERT_EQ(got.size(), 11u * 3u);  // 1 + floor(52 / 5) frames

  const int frame = 4, points = 32;
  const auto mel = [](double f) { return 2595 * std::log10(1 + f / 700); };
  const double step = (mel(32) - mel(20)) / 4;
  for (int b = 0; b < 3; ++b) {
    const auto point = [&](int p) {
      return 700 * (std::pow(10, (mel(20) + step * p) / 2595) - 1);
    };
    double energy = 1e-6;
    for (int k = 0; k <= points / 2; ++k) {
      std::complex<double> x = 0;
      for (int i = 0; i < 12; ++i) {
        x += sound[static_cast<size_t>(frame * 5 + i)] *
             (0.5 - 0.5 * std::cos(2 * M_PI * i / 12)) *
             std::polar(1.0, -2 * M_PI * k * i / points);
      }
      const double f = k * 64.0 / points;
      energy +=
          std::norm(x) *
          std::max(0.0, std::min((f - point(b)) / (point(b + 1) - point(b)),
                                 (point(b + 2) - f) /
                                     (point(b + 2) - point(b + 1))));
    }
    EXPECT_NEAR(got[static_cast<size_t>(frame * 3 + b)], std::log(energy),
                1e-4);
  }
}

TEST(FrontEndTest, ToneLightsTheBandAtItsPitch) {
  // Band b peaks at point b + 1 of 42 from 20 Hz to 4000 Hz in mel:
  // m(1000) = 1000, m(20) = 32, m(4000) = 2146, step 51.6: point 18.8, band 18.
  const std::vector<float> x =
      Features(FrontEnd(LogMelConfig(8000)), Tone(1000, 8000));
  const auto row = x.begin() + 50 * 40;
  EXPECT_EQ(std::max_element(row, row + 40) - row, 18);
}

TEST(FrontEndTest, EveryBandHearsSomething) {
  std::vector<float> click(8000, 0.0f);
  click[4000] = 1.0f;
  const std::vector<float> x = Features(FrontEnd(LogMelConfig(8000)), click);
  const auto row = x.begin() + 49 * 40;  // samples 3920 to 4119
  EXPECT_GT(*std::min_element(row, row + 40), std::log(0.1f));
}

TEST(FrontEndTest, ShortSoundIsCentredAndLongSoundCropped) {
  const FrontEnd front_end(LogMelConfig(8000));
  std::vector<float> padded(8000, 0.0f), lengthened(8800, 0.3f);
  const std::vector<float> tone = Tone(500, 800);
  std::copy(tone.begin(), tone.end(), padded.begin() + 3600);
  EXPECT_EQ(Features(front_end, tone), Features(front_end, padded));
  std::copy(padded.begin(), padded.end(), lengthened.begin() + 400);
  EXPECT_EQ(Features(front_end, lengthened), Features(front_end, padded));
}

TEST(FrontEndTest, FirstCepstrumIsTheScaledMeanOfLogMel) {
  FrontEndConfig config = MfccConfig(8000);
  const std::vector<float> mfcc = Features(FrontEnd(config), Tone(700, 8000));
  config.cepstra = 0;
  const std::vector<float> log_mel =
      Features(FrontEnd(config), Tone(700, 8000));
  double sum = 0;
  for (size_t b = 0; b < 40; ++b) sum += log_mel[b];
  EXPECT_NEAR(mfcc[0], sum / std::sqrt(40.0), 1e-3);
}

TEST(FrontEndTest, OptionChoosesTheConfiguration) {
  EXPECT_EQ(FrontEndFromOption({{"front_end", "mfcc"}}, 8000).cepstra, 10);
  EXPECT_EQ(FrontEndFromOption({{"front_end", "log_mel"}}, 8000).cepstra, 0);
}

}  // namespace
}  // namespace assay
