#include "harness/report/statistics/bootstrap.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "absl/strings/string_view.h"
#include "harness/core/descriptive.h"
#include "harness/core/random.h"
#include "harness/report/statistics/autocorrelation.h"

namespace assay {
namespace {

int64_t ChosenBlockLength(absl::Span<const double> series,
                          const BootstrapOptions& options) {
  const int64_t n = static_cast<int64_t>(series.size());
  if (options.block_length <= 0) return BlockLength(series);
  return std::min(options.block_length, n);
}

void Resample(absl::Span<const double> series, int64_t block,
              RandomStream& random, std::vector<double>& out) {
  const size_t n = series.size();
  out.clear();
  while (out.size() < n) {
    size_t at = random.Below(n);
    for (int64_t i = 0; i < block && out.size() < n; ++i) {
      out.push_back(series[at]);
      at = at + 1 == n ? 0 : at + 1;
    }
  }
}

std::vector<double> Resamples(absl::Span<const double> series,
                              Statistic statistic,
                              const BootstrapOptions& options,
                              absl::string_view stream) {
  assert(!series.empty() && options.resamples >= 1);
  const int64_t block = ChosenBlockLength(series, options);
  RandomStream random(options.seed, stream);
  std::vector<double> scratch, values;
  scratch.reserve(series.size());
  for (int64_t i = 0; i < options.resamples; ++i) {
    Resample(series, block, random, scratch);
    values.push_back(statistic(scratch));
  }
  return values;
}

Bounds Middle(const std::vector<double>& sorted, double confidence) {
  const double tail = (1.0 - confidence) / 2.0;
  return {SortedQuantile(sorted, tail), SortedQuantile(sorted, 1.0 - tail)};
}

}  // namespace

std::vector<double> BlockBootstrap(absl::Span<const double> series,
                                   Statistic statistic,
                                   const BootstrapOptions& options) {
  return Resamples(series, statistic, options, "bootstrap");
}

Bounds BootstrapInterval(absl::Span<const double> series, Statistic statistic,
                         const BootstrapOptions& options) {
  return Middle(Sorted(BlockBootstrap(series, statistic, options)),
                options.confidence);
}

RatioResult BootstrapRatio(absl::Span<const double> first,
                           absl::Span<const double> second, Statistic statistic,
                           const BootstrapOptions& options) {
  const std::vector<double> below =
      Resamples(first, statistic, options, "bootstrap/first");
  std::vector<double> ratios =
      Resamples(second, statistic, options, "bootstrap/second");
  int64_t low = 0, high = 0;
  for (size_t i = 0; i < ratios.size(); ++i) {
    ratios[i] /= below[i];
    low += ratios[i] <= 1.0 ? 1 : 0;
    high += ratios[i] >= 1.0 ? 1 : 0;
  }
  RatioResult result;
  result.ratio = statistic(second) / statistic(first);
  result.p_value =
      std::min(1.0, 2.0 * static_cast<double>(std::min(low, high) + 1) /
                        static_cast<double>(options.resamples + 1));
  std::sort(ratios.begin(), ratios.end());
  result.bounds = Middle(ratios, options.confidence);
  result.resampled = std::move(ratios);
  return result;
}

double SignFlipTest(absl::Span<const double> differences, int64_t resamples,
                    uint64_t seed) {
  assert(resamples >= 1);
  RandomStream random(seed, "sign_flip");
  double sum = 0.0;
  for (double d : differences) sum += d;
  // Sums of the same numbers in another order differ by rounding.
  const double bar = std::abs(sum) * (1.0 - 1e-12);
  int64_t as_far = 1;
  for (int64_t i = 0; i < resamples; ++i) {
    double flipped = 0.0;
    uint32_t bits = 0;
    for (size_t j = 0; j < differences.size(); ++j) {
      if (j % 32 == 0) bits = random.NextU32();
      flipped += (bits & 1) != 0 ? differences[j] : -differences[j];
      bits >>= 1;
    }
    as_far += std::abs(flipped) >= bar ? 1 : 0;
  }
  return static_cast<double>(as_far) / static_cast<double>(resamples + 1);
}

}  // namespace assay
