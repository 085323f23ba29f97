#include "datasets/audio/front_end.h"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>

namespace assay {
namespace {

constexpr double kLowestHertz = 20.0;
constexpr float kFloor = 1e-6f;

double MelOf(double hertz) { return 2595.0 * std::log10(1.0 + hertz / 700.0); }
double HertzOf(double mel) {
  return 700.0 * (std::pow(10.0, mel / 2595.0) - 1.0);
}

// `sound` padded or cropped around its middle to `length` samples.
std::vector<float> FitLength(absl::Span<const float> sound, size_t length) {
  std::vector<float> fitted(length, 0.0f);
  const size_t n = std::min(sound.size(), length);
  const size_t from = (sound.size() - n) / 2, to = (length - n) / 2;
  std::copy_n(sound.begin() + static_cast<ptrdiff_t>(from), n,
              fitted.begin() + static_cast<ptrdiff_t>(to));
  return fitted;
}

}  // namespace

FrontEndConfig LogMelConfig(int64_t rate) {
  return {.rate = rate, .window = rate / 40, .hop = rate / 100};
}

FrontEndConfig MfccConfig(int64_t rate) {
  return {.rate = rate,
          .window = rate * 32 / 1000,
          .hop = rate / 50,
          .cepstra = 10};
}

OptionDoc FrontEndOption() {
  return {"front_end",
          "log_mel",
          "features: 98 x 40 log-mel or 49 x 10 MFCC",
          {"log_mel", "mfcc"}};
}

FrontEndConfig FrontEndFromOption(const DatasetOptions& resolved,
                                  int64_t rate) {
  return resolved.at("front_end") == "mfcc" ? MfccConfig(rate)
                                            : LogMelConfig(rate);
}

FrontEnd::FrontEnd(const FrontEndConfig& config)
    : config_(config),
      frames_(1 + (config.rate - config.window) / config.hop),
      points_(1) {
  while (points_ < 2 * config.window) points_ *= 2;
  for (int64_t i = 0; i < config.window; ++i) {
    const double turn =
        static_cast<double>(i) / static_cast<double>(config.window);
    window_.push_back(
        static_cast<float>(0.5 - 0.5 * std::cos(2 * M_PI * turn)));
  }
  const double rate = static_cast<double>(config.rate);
  const double low = MelOf(kLowestHertz), high = MelOf(rate / 2);
  const double step = (high - low) / static_cast<double>(config.bands + 1);
  for (int64_t b = 0; b < config.bands; ++b) {
    const double at = low + step * static_cast<double>(b);
    const double left = HertzOf(at), peak = HertzOf(at + step),
                 right = HertzOf(at + 2 * step);
    Band band;
    for (int64_t k = 0; k <= points_ / 2; ++k) {
      const double f =
          static_cast<double>(k) * rate / static_cast<double>(points_);
      const double weight =
          std::min((f - left) / (peak - left), (right - f) / (right - peak));
      if (weight <= 0) continue;
      if (band.weights.empty()) band.first = k;
      band.weights.push_back(static_cast<float>(weight));
    }
    bands_.push_back(std::move(band));
  }
  const double bands = static_cast<double>(config.bands);
  for (int64_t q = 0; q < config.cepstra; ++q) {
    const double scale = std::sqrt((q == 0 ? 1.0 : 2.0) / bands);
    for (int64_t b = 0; b < config.bands; ++b) {
      const double angle = M_PI * static_cast<double>(q) *
                           (static_cast<double>(b) + 0.5) / bands;
      cosines_.push_back(static_cast<float>(scale * std::cos(angle)));
    }
  }
}

Shape FrontEnd::shape() const {
  return {1, frames_, config_.cepstra > 0 ? config_.cepstra : config_.bands};
}

void FrontEnd::Extract(absl::Span<const float> sound,
                       absl::Span<float> out) const {
  const std::vector<float> fitted =
      FitLength(sound, static_cast<size_t>(config_.rate));
  cv::Mat frames = cv::Mat::zeros(static_cast<int>(frames_),
                                  static_cast<int>(points_), CV_32F);
  for (int64_t t = 0; t < frames_; ++t) {
    float* row = frames.ptr<float>(static_cast<int>(t));
    const float* from = &fitted[static_cast<size_t>(t * config_.hop)];
    for (size_t i = 0; i < window_.size(); ++i) row[i] = from[i] * window_[i];
  }
  cv::dft(frames, frames, cv::DFT_ROWS);

  const size_t half = static_cast<size_t>(points_ / 2);
  std::vector<float> power(half + 1), log_mel(bands_.size());
  float* to = out.data();
  for (int64_t t = 0; t < frames_; ++t) {
    // Packed as Re 0, Re 1, Im 1, Re 2, Im 2, ..., Re N/2.
    const float* x = frames.ptr<float>(static_cast<int>(t));
    power[0] = x[0] * x[0];
    power[half] = x[points_ - 1] * x[points_ - 1];
    for (size_t k = 1; k < half; ++k) {
      power[k] = x[2 * k - 1] * x[2 * k - 1] + x[2 * k] * x[2 * k];
    }
    for (size_t b = 0; b < bands_.size(); ++b) {
      float energy = kFloor;
      const float* bin = &power[static_cast<size_t>(bands_[b].first)];
      for (float weight : bands_[b].weights) energy += weight * *bin++;
      log_mel[b] = std::log(energy);
    }
    if (config_.cepstra == 0) {
      to = std::copy(log_mel.begin(), log_mel.end(), to);
      continue;
    }
    const float* cosine = cosines_.data();
    for (int64_t q = 0; q < config_.cepstra; ++q) {
      float sum = 0;
      for (float value : log_mel) sum += value * *cosine++;
      *to++ = sum;
    }
  }
}

}  // namespace assay
