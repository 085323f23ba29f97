// Scales of symmetric 8-bit weights.
#ifndef ASSAY_PLUGINS_QUANTIZATION_WEIGHT_SCALES_H_
#define ASSAY_PLUGINS_QUANTIZATION_WEIGHT_SCALES_H_

#include <cstdint>
#include <vector>

#include "harness/abi/sdk.h"

namespace assay::quantization {

// Scales of row-major weights [channels, ...] on the grid -127..127: one for
// each channel, or one for all. scale = max|w| / 127, at least 1e-8; with
// `least_error` the one of 80 shrunk by 1 % more each with the least mean of
// |w - w^|^2.4 (quantization of the weights as for activations in observer.h).
std::vector<float> WeightScales(sdk::Span<const float> weights,
                                int64_t channels, bool per_channel,
                                bool least_error);

}  // namespace assay::quantization

#endif  // ASSAY_PLUGINS_QUANTIZATION_WEIGHT_SCALES_H_
