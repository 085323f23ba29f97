// Ops that somebody else computes: functions that were registered in this
// process and are known by a number.
#ifndef ASSAY_HARNESS_OPS_CUSTOM_CUSTOM_H_
#define ASSAY_HARNESS_OPS_CUSTOM_CUSTOM_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/core/tensor.h"
#include "harness/graph/op_schema.h"

namespace assay {

// What a node "custom" runs. All functions are pure and may be called from any
// thread; tensors are row-major.
struct CustomCall {
  std::string name;  // for messages
  size_t results = 1;
  std::function<absl::StatusOr<std::vector<TensorType>>(
      absl::Span<const TensorType> operands)>
      infer;
  std::function<absl::Status(absl::Span<const Tensor* const> operands,
                             absl::Span<Tensor* const> results)>
      forward;
  // Writes the gradient of each floating-point operand; null stands for the
  // others. Empty: no gradient flows.
  std::function<absl::Status(absl::Span<const Tensor* const> operands,
                             absl::Span<const Tensor* const> results,
                             absl::Span<const Tensor* const> result_gradients,
                             absl::Span<Tensor* const> operand_gradients)>
      backward;
  // Not 0: the number of the call that computes the gradients instead, as its
  // results, from operands, results and the results' gradients.
  int64_t gradient = 0;
};

// The number by which nodes name the call; never given again.
int64_t RegisterCustomCall(CustomCall call);
// Nodes that name it are refused from then on, and programs that run it fail.
void ForgetCustomCall(int64_t call);
// Null when there is none. What is found stays alive while it is held.
std::shared_ptr<const CustomCall> FindCustomCall(int64_t call);

// Whether the graph has nodes that only this process can run.
bool HasCustomCalls(const Graph& graph);

// custom(operands ..; call) -> what the call infers.
OpSchema CustomSchema();
// custom_backward(operands .., results .., result gradients ..; call, operands)
// -> a gradient for each operand, zeros for those that are no floats. It has no
// gradient of its own and says so; where a call names another for its
// gradient, that one stands here as an ordinary custom node.
OpSchema CustomBackwardSchema();

// What both backends' kernels do: runs a node's call on host tensors.
absl::Status RunCustomCall(const std::string& op, const Attributes& attributes,
                           absl::Span<const Tensor* const> inputs,
                           absl::Span<Tensor* const> outputs);

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_CUSTOM_CUSTOM_H_
