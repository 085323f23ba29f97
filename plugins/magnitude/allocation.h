// How many weights each layer gives up: the rules that fix amounts per layer
// before any weight is ranked.
#ifndef ASSAY_PLUGINS_MAGNITUDE_ALLOCATION_H_
#define ASSAY_PLUGINS_MAGNITUDE_ALLOCATION_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "harness/abi/sdk.h"

namespace assay::magnitude {

// One prunable layer, in graph order.
struct LayerSize {
  std::vector<int64_t> shape;  // conv [O, I, kh, kw], linear [O, I]
  int64_t total = 0;           // n: weights
  int64_t alive = 0;           // r: not yet removed
};

// Weights to remove from each layer now. N = sum n, R = sum r; `sparsity` is
// the fraction of N removed afterwards, K = floor(sparsity * N) - (N - R) and
// p = K / R the fraction of the remaining ones that goes.
//
//   uniform       floor(sparsity * n_l) - (n_l - r_l) of each layer.
//   uniform_plus  Lee et al. 2021, arXiv 2010.07611, section 4: a first layer
//                 that is a convolution stays whole, the last one keeps at
//                 least a fifth of its weights, the others share the rest
//                 alike.
//   erk           Evci et al. 2020, arXiv 1911.11134: survivors proportional to
//                 the sum of the weight's extents; layers that would need more
//                 than they have stay whole, the rest is shared again.
//   er            the same with c_out + c_in, Mocanu et al. 2018.
//
// INVALID_ARGUMENT: an unknown rule, sparsity not in [0, 1), less than what is
// removed already, or more than the rule can take ("cannot prune further").
sdk::StatusOr<std::vector<int64_t>> RemovalPerLayer(
    std::string_view rule, const std::vector<LayerSize>& layers,
    double sparsity);

// K as above.
sdk::StatusOr<int64_t> RemovalInAll(const std::vector<LayerSize>& layers,
                                    double sparsity);

// Sparsity at training step t of the cubic schedule, Zhu and Gupta 2017, arXiv
// 1710.01878, equation 1, with initial sparsity 0: 0 up to `begin`, `final`
// from `end` on, and final * (1 - (1 - (t - begin) / (end - begin))^3) between.
double CubicSparsity(double final_sparsity, int64_t step, int64_t begin,
                     int64_t end);

}  // namespace assay::magnitude

#endif  // ASSAY_PLUGINS_MAGNITUDE_ALLOCATION_H_
