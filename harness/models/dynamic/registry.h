// Networks with control flow by name.
#ifndef ASSAY_HARNESS_MODELS_DYNAMIC_REGISTRY_H_
#define ASSAY_HARNESS_MODELS_DYNAMIC_REGISTRY_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/core/random.h"
#include "harness/core/tensor.h"
#include "harness/models/dynamic/dynamic_network.h"

namespace assay {

// Sorted.
std::vector<std::string> DynamicNetworkNames();

// For a batch of 1. NOT_FOUND lists the known names.
absl::StatusOr<DynamicNetwork> BuildDynamicNetwork(absl::string_view name,
                                                   const OpSet& ops);

// Inputs such as these networks take: reals from a normal distribution of a
// random width, so that exits are more and less sure; prompts of 3 to 6 tokens.
std::map<std::string, Tensor> RandomInputs(const DynamicGraph& graph,
                                           RandomStream* random);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_DYNAMIC_REGISTRY_H_
