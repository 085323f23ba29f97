// Scores of weights that need nothing but the weights.
#ifndef ASSAY_PLUGINS_MAGNITUDE_SCORES_H_
#define ASSAY_PLUGINS_MAGNITUDE_SCORES_H_

#include <cstdint>
#include <vector>

#include "harness/abi/sdk.h"

namespace assay::magnitude {

// |w|.
std::vector<double> MagnitudeScores(sdk::Span<const float> weights);

// Layer-adaptive magnitude, Lee et al. 2021, arXiv 2010.07611, equation 4: with
// the alive weights of one layer in ascending order of u = w^2 (ties by index),
// score(j) = u_j / sum over i >= j of u_i. The largest scores 1, so that no
// layer is emptied by a global ranking; 0 where u is 0. Dead entries score 0.
std::vector<double> LampScores(sdk::Span<const float> weights,
                               sdk::Span<const uint8_t> mask);

}  // namespace assay::magnitude

#endif  // ASSAY_PLUGINS_MAGNITUDE_SCORES_H_
