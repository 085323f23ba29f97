// Masks inside the graph: pruned weights stay zero wherever they are read.
#ifndef ASSAY_HARNESS_GRAPH_REWRITES_APPLY_MASKS_H_
#define ASSAY_HARNESS_GRAPH_REWRITES_APPLY_MASKS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "harness/graph/graph.h"

namespace assay {

// "conv1.weights.mask".
std::string MaskName(absl::string_view parameter);
// "conv1.weights.masked": the product parameter * mask, which the nodes read.
// Its gradient is that of the weights without the mask.
std::string MaskedName(absl::string_view parameter);

// A copy in which every node reads parameter * mask in place of each of
// `parameters` (names). The mask is a parameter of the same type named
// MaskName(parameter), 1 = kept; no gradient flows to it, and the gradient of
// the parameter is masked by the product rule. Outputs and updates still mean
// the parameter itself. NOT_FOUND names what is no parameter of the graph.
absl::StatusOr<Graph> ApplyMasks(const Graph& graph,
                                 absl::Span<const std::string> parameters);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_REWRITES_APPLY_MASKS_H_
