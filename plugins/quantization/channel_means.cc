#include "plugins/quantization/channel_means.h"

namespace assay::quantization {

void ChannelMeans::See(sdk::Span<const float> values,
                       sdk::Span<const int64_t> shape) {
  const auto channels = static_cast<size_t>(shape[axis_]);
  size_t inner = 1;
  for (size_t d = axis_ + 1; d < shape.size(); ++d) {
    inner *= static_cast<size_t>(shape[d]);
  }
  sums_.resize(channels, 0.0);
  for (size_t i = 0; i < values.size(); ++i) {
    sums_[i / inner % channels] += static_cast<double>(values[i]);
  }
  count_ += static_cast<double>(values.size()) / static_cast<double>(channels);
}

std::vector<double> ChannelMeans::means() const {
  std::vector<double> means = sums_;
  for (double& m : means) m /= count_;
  return means;
}

}  // namespace assay::quantization
