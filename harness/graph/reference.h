// Running graphs by the ops' readable references, on host tensors. Slow and
// plain: for constant folding, for counting zeros of derived weights, and as
// the oracle of tests.
#ifndef ASSAY_HARNESS_GRAPH_REFERENCE_H_
#define ASSAY_HARNESS_GRAPH_REFERENCE_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/core/tensor.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"

namespace assay {

// The results of one node. `operands` follow node.inputs; null where absent.
// References know f32 and f64: bf16 operands are widened to f32 first, and
// results of type bf16 are rounded once at the end. UNIMPLEMENTED: the op has
// no reference.
absl::StatusOr<std::vector<Tensor>> EvaluateNode(
    const Graph& graph, NodeId node, absl::Span<const Tensor* const> operands);

struct Evaluation {
  std::map<std::string, Tensor> outputs;  // by the outputs' names
  ParameterStore updates;                 // new values of updated parameters
};

// Runs the whole graph. INVALID_ARGUMENT names an input that is absent or of
// another type than the graph's, NOT_FOUND a parameter that the store lacks.
absl::StatusOr<Evaluation> Evaluate(const Graph& graph,
                                    const std::map<std::string, Tensor>& inputs,
                                    const ParameterStore& parameters);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_REFERENCE_H_
