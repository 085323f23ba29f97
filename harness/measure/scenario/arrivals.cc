#include "harness/measure/scenario/arrivals.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "harness/core/random.h"

namespace assay {

std::vector<int64_t> DrawSamples(uint64_t seed, int64_t block, int64_t count,
                                 int64_t data_samples) {
  RandomStream random(seed, absl::StrCat("scenario/samples/", block));
  std::vector<int64_t> samples(static_cast<size_t>(count));
  for (int64_t& s : samples) {
    s = static_cast<int64_t>(random.Below(static_cast<uint64_t>(data_samples)));
  }
  return samples;
}

std::vector<int64_t> DrawPoissonArrivals(uint64_t seed, int64_t block,
                                         int64_t count, double qps) {
  RandomStream random(seed, absl::StrCat("scenario/arrivals/", block));
  std::vector<int64_t> arrivals(static_cast<size_t>(count));
  double seconds = 0.0;
  for (int64_t& at : arrivals) {
    seconds += -std::log1p(-random.UniformDouble()) / qps;
    at = static_cast<int64_t>(seconds * 1e9);
  }
  return arrivals;
}

std::vector<size_t> DrawRound(uint64_t seed, int64_t round, size_t variants) {
  RandomStream random(seed, absl::StrCat("scenario/round/", round));
  std::vector<size_t> order;
  for (int64_t v : random.Permutation(static_cast<int64_t>(variants))) {
    order.push_back(static_cast<size_t>(v));
  }
  for (size_t i = variants; i > 0; --i) order.push_back(order[i - 1]);
  return order;
}

}  // namespace assay
