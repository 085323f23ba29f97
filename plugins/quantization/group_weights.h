// Weights of 4 bits, rounded to nearest group by group.
#ifndef ASSAY_PLUGINS_QUANTIZATION_GROUP_WEIGHTS_H_
#define ASSAY_PLUGINS_QUANTIZATION_GROUP_WEIGHTS_H_

#include <cstdint>
#include <vector>

#include "harness/abi/sdk.h"

namespace assay::quantization {

// As the host's op dequantize_u4 reads them.
struct GroupWeights {
  int64_t groups = 0;                // of a row
  std::vector<uint8_t> packed;       // [outputs, groups, group / 2]
  std::vector<float> scales;         // [outputs, groups]
  std::vector<uint8_t> zero_points;  // [outputs, ceil(groups / 2)], or none
};

// Row-major weights [outputs, inputs]; `group` even.
//   asymmetric: with low, high the least and largest of a group and 0,
//     scale = max((high - low) / 15, 1e-8), zero_point = round(-low / scale),
//     q = clamp(round(w / scale) + zero_point, 0, 15)
//   symmetric: scale = max(max|w| / 7, 1e-8), q = round(w / scale) + 8
GroupWeights PackGroups(sdk::Span<const float> weights, int64_t outputs,
                        int64_t inputs, int64_t group, bool symmetric);

}  // namespace assay::quantization

#endif  // ASSAY_PLUGINS_QUANTIZATION_GROUP_WEIGHTS_H_
