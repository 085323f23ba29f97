// Rounding of weights to multiples of a step: the mathematics of the template.
#ifndef ASSAY_PLUGINS_TEMPLATE_ROUND_WEIGHTS_H_
#define ASSAY_PLUGINS_TEMPLATE_ROUND_WEIGHTS_H_

#include <span>

namespace assay::method_template {

// Replaces each weight by the nearest multiple of `step` (> 0), halves to even.
// Stateless; concurrent calls are safe.
void RoundWeights(float step, std::span<float> weights);

}  // namespace assay::method_template

#endif  // ASSAY_PLUGINS_TEMPLATE_ROUND_WEIGHTS_H_
