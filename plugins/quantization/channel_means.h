// Means of an activation per channel, for bias correction.
#ifndef ASSAY_PLUGINS_QUANTIZATION_CHANNEL_MEANS_H_
#define ASSAY_PLUGINS_QUANTIZATION_CHANNEL_MEANS_H_

#include <cstdint>
#include <vector>

#include "harness/abi/sdk.h"

namespace assay::quantization {

// Adds up batches of a tensor whose axis `axis` counts channels.
class ChannelMeans {
 public:
  explicit ChannelMeans(int axis) : axis_(static_cast<size_t>(axis)) {}

  void See(sdk::Span<const float> values, sdk::Span<const int64_t> shape);
  std::vector<double> means() const;

 private:
  size_t axis_;
  std::vector<double> sums_;
  double count_ = 0;  // values per channel
};

}  // namespace assay::quantization

#endif  // ASSAY_PLUGINS_QUANTIZATION_CHANNEL_MEANS_H_
