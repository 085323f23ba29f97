// Gradients against finite differences.
#ifndef ASSAY_HARNESS_OPS_TESTING_GRADIENT_CHECK_H_
#define ASSAY_HARNESS_OPS_TESTING_GRADIENT_CHECK_H_

#include "absl/status/status.h"
#include "harness/ops/testing/op_case.h"

namespace assay {

// In f64 by the references: the gradient of a random combination of the op's
// float results with respect to every float operand that is not constant, by
// differentiation of the graph and by central differences of each element, to
// a relative 1e-5. With order = 2 the function that is differenced is a random
// combination of the first gradients. Reports the worst element.
absl::Status CheckGradient(const OpCase& op_case, size_t index, int order);

// That the graph of the gradient (or of the gradient's gradient) can be built
// with operands of `dtype`: every node of it takes the types that arrive.
absl::Status CheckGradientTypes(const OpCase& op_case, DType dtype, int order);

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_TESTING_GRADIENT_CHECK_H_
