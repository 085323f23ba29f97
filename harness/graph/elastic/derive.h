// Parameters that are computed: by a formula of other parameters and inputs.
#ifndef ASSAY_HARNESS_GRAPH_ELASTIC_DERIVE_H_
#define ASSAY_HARNESS_GRAPH_ELASTIC_DERIVE_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/graph/graph.h"

namespace assay {

// A copy of `graph` in which each named parameter is what its formula gives: a
// graph with one output of the parameter's type. The formula's parameters join
// the copy's (one name is one parameter; it may read the parameter itself,
// which is then the formula's leaf), and so do its inputs (coefficients of a
// mixture, fed on each run). Gradients flow through. Two formulas may not read
// what the other one derives. NOT_FOUND: no such parameter; INVALID_ARGUMENT:
// a formula of another type, or without exactly one output, or with an update.
absl::StatusOr<Graph> DeriveParameters(
    const Graph& graph, const std::map<std::string, const Graph*>& formulas);

// A copy in which the convolutions that read parameter `weights` ([O,I,K,K])
// have kernels of extent `kernel` < K instead, with pads that give the same
// extents at stride 1: the centre of the weights, whose kernel^2 elements, as a
// row, are multiplied by the parameter `transform` ([kernel^2, kernel^2],
// added) where that is not empty (once-for-all's kernel transformation).
// K - kernel must be even. Errors: NOT_FOUND, no such parameter;
// INVALID_ARGUMENT, another shape, kernel or reader, or pads that are too
// small.
absl::StatusOr<Graph> ShrinkKernel(const Graph& graph,
                                   absl::string_view weights, int64_t kernel,
                                   const std::string& transform);

// The same network for another shape of one input (its resolution or length),
// the batch included. NOT_FOUND: no such input; errors of types that do not
// follow (a flattened image in front of a linear layer).
absl::StatusOr<Graph> WithInputShape(const Graph& graph,
                                     absl::string_view input, Shape shape);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_ELASTIC_DERIVE_H_
