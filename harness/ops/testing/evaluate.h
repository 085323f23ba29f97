// One op on given tensors, by its reference: for tests of exact values.
#ifndef ASSAY_HARNESS_OPS_TESTING_EVALUATE_H_
#define ASSAY_HARNESS_OPS_TESTING_EVALUATE_H_

#include <initializer_list>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/core/tensor.h"
#include "harness/graph/attributes.h"

namespace assay {

// All results. An operand that is Tensor() is absent.
absl::StatusOr<std::vector<Tensor>> EvaluateOp(
    const std::string& op, const std::vector<Tensor>& operands,
    const Attributes& attributes = {});

// The gradient of the sum of the first result with respect to each operand;
// Tensor() where none flows.
absl::StatusOr<std::vector<Tensor>> GradientsOfOp(
    const std::string& op, const std::vector<Tensor>& operands,
    const Attributes& attributes = {});

// The first result as a vector, in double. A failed test when the op fails.
std::vector<double> ValuesOfOp(const std::string& op,
                               const std::vector<Tensor>& operands,
                               const Attributes& attributes = {});

std::vector<double> ToDoubles(const Tensor& tensor);

// Tensors of given values.
Tensor F32(Shape shape, std::vector<float> values);
Tensor F64(Shape shape, std::vector<double> values);
Tensor S32(Shape shape, std::vector<int32_t> values);
Tensor U8(Shape shape, std::vector<uint8_t> values);
Tensor S8(Shape shape, std::vector<int8_t> values);

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_TESTING_EVALUATE_H_
