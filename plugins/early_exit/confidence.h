// How sure a row of logits is, as the host's conditionals ask it.
#ifndef ASSAY_PLUGINS_EARLY_EXIT_CONFIDENCE_H_
#define ASSAY_PLUGINS_EARLY_EXIT_CONFIDENCE_H_

#include "harness/abi/sdk.h"

namespace assay::early_exit {

// The largest probability, the largest less the second, or minus the entropy in
// nats: higher is surer. INVALID_ARGUMENT: `asks` reads no logits.
sdk::StatusOr<double> ConfidenceOf(sdk::Span<const float> logits,
                                   sdk::Asks asks);

}  // namespace assay::early_exit

#endif  // ASSAY_PLUGINS_EARLY_EXIT_CONFIDENCE_H_
