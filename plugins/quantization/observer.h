// What calibration learns about one activation.
#ifndef ASSAY_PLUGINS_QUANTIZATION_OBSERVER_H_
#define ASSAY_PLUGINS_QUANTIZATION_OBSERVER_H_

#include <string_view>
#include <vector>

#include "harness/abi/sdk.h"
#include "plugins/quantization/histogram.h"

namespace assay::quantization {

struct Interval {
  double low = 0, high = 0;
};

// Sees the batches of one activation and states its range.
//
//   minmax      least and greatest value of all.
//   ema         m := 0.9 m + 0.1 (least or greatest of the batch).
//   percentile  the range that holds `percentile` percent on each side that has
//               values, from histograms of x < 0 and x >= 0.
//   kl          EntropyThreshold of |x|, 255 levels where nothing is negative,
//               else 128, cut at the least and greatest value.
//   mse         of 80 ranges, both ends shrunk by 1 % more each, the one with
//               the least mean of |x - x^|^2.4 over a sample of the values (at
//               most 2^15, evenly spaced in each batch), as in BRECQ, Li et al.
//               2021, arXiv 2102.05426.
// Ranges hold 0. Values that are not finite are an error of the caller.
class Observer {
 public:
  Observer(std::string_view rule, double percentile);

  void See(sdk::Span<const float> values);
  Interval range() const;

 private:
  Interval Percentile() const;
  Interval Entropy() const;
  Interval LeastError() const;

  std::string_view rule_;
  double percentile_;
  bool started_ = false;
  Interval extremes_, smoothed_;
  Histogram negative_, positive_, magnitude_;
  std::vector<float> sample_;
};

// Mean of |x - x^|^2.4 on the u8 grid of `range`.
double GridError(sdk::Span<const float> values, Interval range);

}  // namespace assay::quantization

#endif  // ASSAY_PLUGINS_QUANTIZATION_OBSERVER_H_
