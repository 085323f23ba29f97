// Histograms of magnitudes whose range grows with the data.
#ifndef ASSAY_PLUGINS_QUANTIZATION_HISTOGRAM_H_
#define ASSAY_PLUGINS_QUANTIZATION_HISTOGRAM_H_

#include <cstdint>
#include <vector>

#include "harness/abi/sdk.h"

namespace assay::quantization {

// 2048 equal bins over [0, range). The first value above 0 sets the range; when
// a value exceeds it, the range doubles (as often as needed) and neighbouring
// bins merge, so that the result does not depend on the order of batches beyond
// the first one.
class Histogram {
 public:
  static constexpr size_t kBins = 2048;

  // Counts |x| of finite values.
  void Add(double magnitude);

  const std::vector<double>& counts() const { return counts_; }
  double bin_width() const { return range_ / kBins; }
  double total() const { return total_; }

  // The least upper edge of a bin below which `fraction` of `of` lies; 0 when
  // nothing was counted.
  double Quantile(double fraction, double of) const;

 private:
  std::vector<double> counts_ = std::vector<double>(kBins, 0.0);
  double range_ = 0, total_ = 0;
};

// Entropy calibration (Migacz 2017, as stated in NVIDIA's TensorRT talk): the
// threshold T = (i + 0.5) * bin_width whose clipped distribution of magnitudes
// has the least Kullback-Leibler divergence from its `levels`-level version,
// over i = levels..2048; ties to the smaller i. The range where nothing beyond
// `levels` bins was counted.
double EntropyThreshold(const Histogram& histogram, size_t levels);

}  // namespace assay::quantization

#endif  // ASSAY_PLUGINS_QUANTIZATION_HISTOGRAM_H_
