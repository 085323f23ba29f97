#include "harness/report/statistics/front.h"

#include <algorithm>
#include <cassert>
#include <cstddef>

#include "harness/abi/search/pareto.h"
#include "harness/core/random.h"
#include "harness/report/statistics/distributions.h"

namespace assay {
namespace {

double Draw(const UncertainValue& value, RandomStream& random) {
  if (value.error_below == 0.0 && value.error_above == 0.0) return value.value;
  // UniformDouble is in [0, 1); its middle of a step is never 0.
  const double z = NormalQuantile(random.UniformDouble() + 0x1p-54);
  return value.value + z * (z < 0.0 ? value.error_below : value.error_above);
}

}  // namespace

UncertainValue FromInterval(double value, double low, double high,
                            double confidence) {
  assert(confidence > 0.0 && confidence < 1.0);
  const double z = NormalQuantile(0.5 + 0.5 * confidence);
  return {value, std::max(0.0, value - low) / z,
          std::max(0.0, high - value) / z};
}

std::vector<double> FrontChances(absl::Span<const UncertainPoint> points,
                                 int64_t draws, uint64_t seed) {
  if (points.empty()) return {};
  RandomStream random(seed, "front");
  const size_t n = points.size(), width = points[0].objectives.size();
  std::vector<int64_t> on_front(n);
  std::vector<double> drawn(n * width);
  for (int64_t d = 0; d < draws; ++d) {
    for (size_t i = 0; i < n; ++i) {
      assert(points[i].objectives.size() == width);
      for (size_t k = 0; k < width; ++k) {
        drawn[i * width + k] = Draw(points[i].objectives[k], random);
      }
    }
    const auto row = [&](size_t i) { return drawn.data() + i * width; };
    for (size_t i = 0; i < n; ++i) {
      bool dominated = false;
      for (size_t j = 0; j < n && !dominated; ++j) {
        dominated = j != i && search::Dominates(row(j), row(i), width);
      }
      on_front[i] += dominated ? 0 : 1;
    }
  }
  std::vector<double> chances(n);
  for (size_t i = 0; i < n; ++i) {
    chances[i] = static_cast<double>(on_front[i]) / static_cast<double>(draws);
  }
  return chances;
}

}  // namespace assay
