// Gradients against finite differences.
#ifndef ASSAY_HARNESS_OPS_TESTING_GRADIENT_CHECK_H_
#define ASSAY_HARNESS_OPS_TESTING_GRADIENT_CHECK_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "harness/core/tensor.h"
#include "harness/graph/graph.h"
#include "harness/ops/testing/op_case.h"

namespace assay {

// In f64 by the references: the gradient of a random combination of the op's
// float results with respect to every float operand that is not constant, by
// differentiation of the graph and by central differences of each element, to
// a relative 1e-5. With order = 2 the function that is differenced is a random
// combination of the first gradients. Reports the worst element.
absl::Status CheckGradient(const OpCase& op_case, size_t index, int order);

// The same for a graph of any size without parameters: of its float outputs
// with respect to its f64 inputs, at `feeds`. `seed` names the combinations.
absl::Status CheckGradient(const Graph& graph,
                           const std::map<std::string, Tensor>& feeds,
                           uint64_t seed, int order);

// That the graph of the gradient (or of the gradient's gradient) can be built
// with operands of `dtype`: every node of it takes the types that arrive.
absl::Status CheckGradientTypes(const OpCase& op_case, DType dtype, int order);

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_TESTING_GRADIENT_CHECK_H_
