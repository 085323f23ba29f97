#include "plugins/quantization/observer.h"

#include <algorithm>
#include <cmath>

namespace assay::quantization {
namespace {

constexpr double kKeep = 0.9;                // of ema
constexpr size_t kLargestSample = 1u << 15;  // of mse
constexpr size_t kSamplePerBatch = 1u << 12;
constexpr int kShrinkSteps = 80;
constexpr double kErrorPower = 2.4;

}  // namespace

Observer::Observer(std::string_view rule, double percentile)
    : rule_(rule), percentile_(percentile) {}

void Observer::See(sdk::Span<const float> values) {
  if (values.empty()) return;
  const auto [least, greatest] =
      std::minmax_element(values.begin(), values.end());
  const double low = std::min(0.0, static_cast<double>(*least));
  const double high = std::max(0.0, static_cast<double>(*greatest));
  if (!started_) smoothed_ = {low, high};
  smoothed_ = {kKeep * smoothed_.low + (1 - kKeep) * low,
               kKeep * smoothed_.high + (1 - kKeep) * high};
  started_ = true;
  extremes_ = {std::min(extremes_.low, low), std::max(extremes_.high, high)};

  if (rule_ == "percentile" || rule_ == "kl") {
    for (const float value : values) {
      const auto x = static_cast<double>(value);
      if (rule_ == "kl") {
        magnitude_.Add(std::fabs(x));
      } else {
        (x < 0 ? negative_ : positive_).Add(std::fabs(x));
      }
    }
  } else if (rule_ == "mse" && sample_.size() < kLargestSample) {
    const size_t stride = std::max<size_t>(1, values.size() / kSamplePerBatch);
    for (size_t i = 0; i < values.size(); i += stride) {
      sample_.push_back(values[i]);
    }
  }
}

Interval Observer::range() const {
  if (rule_ == "ema") return smoothed_;
  if (rule_ == "percentile") return Percentile();
  if (rule_ == "kl") return Entropy();
  if (rule_ == "mse") return LeastError();
  return extremes_;
}

Interval Observer::Percentile() const {
  const double cut = 1 - percentile_ / 100;
  const double total = negative_.total() + positive_.total();
  const auto side = [&](const Histogram& h) {
    // All but `cut` of all values lie within the bound on this side.
    return h.total() <= cut * total
               ? 0.0
               : h.Quantile(1 - cut * total / h.total(), h.total());
  };
  return {std::max(extremes_.low, -side(negative_)),
          std::min(extremes_.high, side(positive_))};
}

Interval Observer::Entropy() const {
  if (magnitude_.total() == 0) return extremes_;
  const double threshold =
      EntropyThreshold(magnitude_, extremes_.low < 0 ? 128 : 255);
  return {std::max(extremes_.low, -threshold),
          std::min(extremes_.high, threshold)};
}

Interval Observer::LeastError() const {
  Interval best = extremes_;
  double least = GridError(sample_, best);
  for (int i = 1; i < kShrinkSteps; ++i) {
    const double shrink = 1 - 0.01 * i;
    const Interval range = {extremes_.low * shrink, extremes_.high * shrink};
    const double error = GridError(sample_, range);
    if (error < least) {
      least = error;
      best = range;
    }
  }
  return best;
}

double GridError(sdk::Span<const float> values, Interval range) {
  if (values.empty()) return 0;
  const double scale = std::max((range.high - range.low) / 255, 1e-8);
  const double zero = std::nearbyint(-range.low / scale);
  double sum = 0;
  for (const float value : values) {
    const auto x = static_cast<double>(value);
    const double q = std::clamp(std::nearbyint(x / scale) + zero, 0.0, 255.0);
    sum += std::pow(std::fabs(x - scale * (q - zero)), kErrorPower);
  }
  return sum / static_cast<double>(values.size());
}

}  // namespace assay::quantization
