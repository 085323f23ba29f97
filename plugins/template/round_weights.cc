#include "plugins/template/round_weights.h"

#include <cmath>

namespace assay::method_template {

void RoundWeights(float step, std::span<float> weights) {
  for (float& w : weights) w = std::nearbyint(w / step) * step;
}

}  // namespace assay::method_template
