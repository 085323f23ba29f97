// Reference networks by name.
#ifndef ASSAY_HARNESS_MODELS_REGISTRY_H_
#define ASSAY_HARNESS_MODELS_REGISTRY_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/graph/graph.h"
#include "harness/models/layers.h"

namespace assay {

// Sorted.
std::vector<std::string> ReferenceGraphNames();

// NOT_FOUND lists the known names; other errors are the builder's.
absl::StatusOr<ReferenceGraph> BuildReferenceGraph(
    absl::string_view name, const OpSet& ops,
    const ReferenceGraphOptions& options = {});

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_REGISTRY_H_
