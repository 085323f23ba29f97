#include "plugins/structured_baselines/channel_selection.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <tuple>

namespace assay::structured_baselines {
namespace {

int64_t RemovalCount(size_t n, double ratio) {
  const auto kept =
      static_cast<int64_t>(static_cast<double>(n) * (1 - ratio) + 1e-9);
  return static_cast<int64_t>(n) - kept;
}

// Channels that a group keeps when `wanted` of `n` would stay.
int64_t Kept(int64_t wanted, int64_t n, const SelectionOptions& o) {
  const auto least = static_cast<int64_t>(
      std::ceil(o.least_kept * static_cast<double>(n) - 1e-9));
  int64_t kept = wanted / o.round_to * o.round_to;
  kept = std::max({kept, std::min(o.round_to, n), int64_t{1}});
  while (kept < least) kept += o.round_to;
  return std::min(kept, n);
}

// How many channels of each group the ranking wants removed.
std::vector<int64_t> Wanted(const GroupScores& scores, double ratio,
                            bool global) {
  std::vector<int64_t> counts(scores.size(), 0);
  if (!global) {
    for (size_t g = 0; g < scores.size(); ++g) {
      counts[g] = RemovalCount(scores[g].size(), ratio);
    }
    return counts;
  }
  std::vector<std::tuple<double, size_t, size_t>> all;
  for (size_t g = 0; g < scores.size(); ++g) {
    for (size_t c = 0; c < scores[g].size(); ++c) {
      all.emplace_back(scores[g][c], g, c);
    }
  }
  std::sort(all.begin(), all.end());
  const int64_t count = RemovalCount(all.size(), ratio);
  for (int64_t i = 0; i < count; ++i) {
    ++counts[std::get<1>(all[static_cast<size_t>(i)])];
  }
  return counts;
}

}  // namespace

sdk::StatusOr<Removed> SelectChannels(const GroupScores& scores, double ratio,
                                      const SelectionOptions& options) {
  if (!(ratio >= 0 && ratio < 1)) {
    return sdk::InvalidArgument("the ratio must be in [0, 1), got " +
                                std::to_string(ratio));
  }
  for (size_t g = 0; g < scores.size(); ++g) {
    for (size_t c = 0; c < scores[g].size(); ++c) {
      if (!std::isnan(scores[g][c])) continue;
      return sdk::InvalidArgument("the score of group " + std::to_string(g) +
                                  ", channel " + std::to_string(c) +
                                  " is not a number");
    }
  }
  const std::vector<int64_t> wanted = Wanted(scores, ratio, options.global);
  Removed removed(scores.size());
  for (size_t g = 0; g < scores.size(); ++g) {
    const auto n = static_cast<int64_t>(scores[g].size());
    if (n == 0 || wanted[g] == 0) continue;
    std::vector<int64_t> order(scores[g].size());
    std::iota(order.begin(), order.end(), int64_t{0});
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
      return scores[g][static_cast<size_t>(a)] <
             scores[g][static_cast<size_t>(b)];
    });
    order.resize(static_cast<size_t>(n - Kept(n - wanted[g], n, options)));
    std::sort(order.begin(), order.end());
    removed[g] = std::move(order);
  }
  return removed;
}

}  // namespace assay::structured_baselines
