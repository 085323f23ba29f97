#include "plugins/magnitude/allocation.h"

#include <cmath>
#include <numeric>
#include <string>

namespace assay::magnitude {
namespace {

constexpr double kLastLayerFloor = 0.2;  // of uniform_plus

int64_t SumAlive(const std::vector<LayerSize>& layers) {
  return std::accumulate(
      layers.begin(), layers.end(), int64_t{0},
      [](int64_t sum, const LayerSize& l) { return sum + l.alive; });
}

sdk::Status CannotPrune(std::string_view rule) {
  return sdk::InvalidArgument(std::string(rule) + ": cannot prune further");
}

sdk::StatusOr<std::vector<int64_t>> Uniform(
    const std::vector<LayerSize>& layers, double sparsity) {
  std::vector<int64_t> amounts;
  for (const LayerSize& l : layers) {
    const auto target = static_cast<int64_t>(
        std::floor(sparsity * static_cast<double>(l.total)));
    amounts.push_back(std::max<int64_t>(0, target - (l.total - l.alive)));
  }
  return amounts;
}

sdk::StatusOr<std::vector<int64_t>> UniformPlus(
    const std::vector<LayerSize>& layers, int64_t remove) {
  const size_t last = layers.size() - 1;
  const size_t first = layers[0].shape.size() == 4 && last > 0 ? 1 : 0;
  double available = 0;
  for (size_t l = first; l <= last; ++l) {
    available += static_cast<double>(layers[l].alive);
  }
  const auto count = static_cast<double>(remove);
  double fraction = count / available;
  if (fraction > 1) return CannotPrune("uniform_plus");

  std::vector<int64_t> amounts(layers.size(), 0);
  const LayerSize& tail = layers[last];
  const double floor_kept =
      std::round(kLastLayerFloor * static_cast<double>(tail.total));
  const auto tail_alive = static_cast<double>(tail.alive);
  size_t end = last + 1;
  if (std::round((1 - fraction) * tail_alive) < floor_kept && last > first) {
    const double from_tail = std::max(0.0, tail_alive - floor_kept);
    amounts[last] = static_cast<int64_t>(from_tail);
    fraction = (count - from_tail) / (available - tail_alive);
    if (fraction > 1) return CannotPrune("uniform_plus");
    end = last;
  }
  for (size_t l = first; l < end; ++l) {
    amounts[l] = std::llround(fraction * static_cast<double>(layers[l].alive));
  }
  return amounts;
}

// Sum of the extents that count for a layer.
double Extents(const LayerSize& layer, bool kernel) {
  double sum = 0;
  for (size_t d = 0; d < layer.shape.size(); ++d) {
    if (d < 2 || kernel) sum += static_cast<double>(layer.shape[d]);
  }
  return sum;
}

sdk::StatusOr<std::vector<int64_t>> ErdosRenyi(
    const std::vector<LayerSize>& layers, int64_t remove, bool kernel) {
  std::vector<bool> whole(layers.size(), false);
  std::vector<double> kept(layers.size());
  const double survivors = static_cast<double>(SumAlive(layers) - remove);
  for (;;) {
    double budget = survivors, share = 0;
    for (size_t l = 0; l < layers.size(); ++l) {
      if (whole[l]) {
        budget -= static_cast<double>(layers[l].alive);
      } else {
        share += Extents(layers[l], kernel);
      }
    }
    size_t fullest = layers.size();
    double largest_ratio = 1;
    for (size_t l = 0; l < layers.size(); ++l) {
      const auto alive = static_cast<double>(layers[l].alive);
      kept[l] = whole[l]
                    ? alive
                    : std::round(budget * Extents(layers[l], kernel) / share);
      if (!whole[l] && kept[l] > largest_ratio * alive) {
        largest_ratio = alive > 0 ? kept[l] / alive : kept[l];
        fullest = l;
      }
    }
    if (fullest == layers.size()) break;
    whole[fullest] = true;
  }
  std::vector<int64_t> amounts;
  for (size_t l = 0; l < layers.size(); ++l) {
    amounts.push_back(layers[l].alive - std::llround(kept[l]));
  }
  return amounts;
}

}  // namespace

sdk::StatusOr<int64_t> RemovalInAll(const std::vector<LayerSize>& layers,
                                    double sparsity) {
  if (!(sparsity >= 0 && sparsity < 1)) {
    return sdk::InvalidArgument("sparsity must be in [0, 1), got " +
                                std::to_string(sparsity));
  }
  int64_t total = 0;
  for (const LayerSize& l : layers) total += l.total;
  const int64_t gone = total - SumAlive(layers);
  const auto target =
      static_cast<int64_t>(std::floor(sparsity * static_cast<double>(total)));
  if (target < gone) {
    return sdk::InvalidArgument("sparsity " + std::to_string(sparsity) +
                                " asks for " + std::to_string(target) +
                                " removed weights, and " +
                                std::to_string(gone) + " are removed already");
  }
  return target - gone;
}

sdk::StatusOr<std::vector<int64_t>> RemovalPerLayer(
    std::string_view rule, const std::vector<LayerSize>& layers,
    double sparsity) {
  ASSAY_ASSIGN_OR_RETURN(const int64_t remove, RemovalInAll(layers, sparsity));
  if (layers.empty()) return sdk::InvalidArgument("there is no layer to prune");
  if (rule == "uniform") return Uniform(layers, sparsity);
  if (rule == "uniform_plus") return UniformPlus(layers, remove);
  if (rule == "er") return ErdosRenyi(layers, remove, false);
  if (rule == "erk") return ErdosRenyi(layers, remove, true);
  return sdk::InvalidArgument("unknown allocation rule " + std::string(rule));
}

double CubicSparsity(double final_sparsity, int64_t step, int64_t begin,
                     int64_t end) {
  if (step <= begin) return 0;
  if (step >= end) return final_sparsity;
  const double done =
      static_cast<double>(step - begin) / static_cast<double>(end - begin);
  return final_sparsity * (1 - std::pow(1 - done, 3));
}

}  // namespace assay::magnitude
