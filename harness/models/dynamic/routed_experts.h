// A layer of experts of which each sample visits a few (Shazeer et al. 2017).
#ifndef ASSAY_HARNESS_MODELS_DYNAMIC_ROUTED_EXPERTS_H_
#define ASSAY_HARNESS_MODELS_DYNAMIC_ROUTED_EXPERTS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/models/dynamic/dynamic_network.h"

namespace assay {

struct RoutedExpertsOptions {
  int64_t features = 64;
  int64_t hidden = 128;  // of an expert
  int64_t experts = 8;
  int64_t visited = 2;  // the top ones by the router
  int64_t classes = 10;
};

// Input "features" [N,features]: p = softmax(router(x)), all but the `visited`
// largest set to 0; y = x + sum of p_e * expert_e(x), each a linear, relu,
// linear that runs for samples with p_e > 0 only; logits = linear(y). `whole`
// computes every expert.
absl::StatusOr<DynamicNetwork> RoutedExperts(
    const OpSet& ops, const RoutedExpertsOptions& options);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_DYNAMIC_ROUTED_EXPERTS_H_
