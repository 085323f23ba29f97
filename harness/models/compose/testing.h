// Compositions on given tensors: exact values, gradients, the cpu backend.
#ifndef ASSAY_HARNESS_MODELS_COMPOSE_TESTING_H_
#define ASSAY_HARNESS_MODELS_COMPOSE_TESTING_H_

#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/core/tensor.h"
#include "harness/graph/builder.h"

namespace assay {

// Writes a function of the operands; gives its results.
using Composition = std::function<std::vector<ValueId>(
    GraphBuilder& b, const std::vector<ValueId>& operands)>;

// By the references.
absl::StatusOr<std::vector<Tensor>> EvaluateComposition(
    const Composition& composition, const std::vector<Tensor>& operands);

// The first result as doubles; a failed test where there is none.
std::vector<double> ValuesOf(const Composition& composition,
                             const std::vector<Tensor>& operands);

// The gradient of the first result's elements times 1, 2, 3, ... with respect
// to one operand, by the references.
std::vector<double> GradientOf(const Composition& composition,
                               const std::vector<Tensor>& operands,
                               size_t operand = 0);

// That a composition is right beyond its values: its first and second gradients
// with respect to the f32 operands agree with finite differences, in f64; and
// the cpu backend gives the references' results. `terms` is the longest sum
// behind a result. Integers and bools stay what they are.
absl::Status CheckComposition(const Composition& composition,
                              const std::vector<Tensor>& operands,
                              int64_t terms = 16, int order = 2);

// f32 of `shape`, uniform in [low, high), the same on every call.
Tensor RandomTensor(const Shape& shape, double low = -1, double high = 1);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_COMPOSE_TESTING_H_
