// Running a graph by the ops' references over tensors in host memory.
#ifndef ASSAY_HARNESS_BACKEND_REFERENCE_RUN_H_
#define ASSAY_HARNESS_BACKEND_REFERENCE_RUN_H_

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "harness/core/tensor.h"
#include "harness/graph/graph.h"

namespace assay {

// UNIMPLEMENTED when the node's op has no reference.
absl::Status HasReference(const Graph& graph, NodeId node);

// One run: operands are ordered as the graph's inputs, parameters and outputs,
// of its types. Writes the outputs, then the updated parameters; both see the
// parameters as they were before the run. Memory of results is released after
// their last use.
absl::Status RunReferences(const Graph& graph, absl::Span<const Tensor> inputs,
                           absl::Span<Tensor> parameters,
                           absl::Span<Tensor> outputs);

}  // namespace assay

#endif  // ASSAY_HARNESS_BACKEND_REFERENCE_RUN_H_
