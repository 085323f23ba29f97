#include "harness/ops/testing/evaluate.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "harness/core/status_macros.h"
#include "harness/graph/gradient.h"
#include "harness/graph/graph.h"
#include "harness/graph/reference.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

// A graph of one node, with an input for each operand.
struct OneNode {
  Graph graph{StandardOps()};
  std::map<std::string, Tensor> feeds;
  std::vector<ValueId> inputs;  // kNoValue where absent
  NodeId node = kNoNode;
};

absl::StatusOr<OneNode> MakeNode(const std::string& op,
                                 const std::vector<Tensor>& operands,
                                 const Attributes& attributes) {
  OneNode one;
  for (const Tensor& operand : operands) {
    if (operand.raw() == nullptr) {
      one.inputs.push_back(kNoValue);
      continue;
    }
    const std::string name = absl::StrCat("operand", one.inputs.size());
    ASSAY_ASSIGN_OR_RETURN(
        const ValueId input,
        one.graph.AddInput(name, {operand.dtype(), operand.shape()}));
    one.inputs.push_back(input);
    one.feeds[name] = operand;
  }
  ASSAY_ASSIGN_OR_RETURN(one.node,
                         one.graph.AddNode(op, one.inputs, attributes));
  return one;
}

// The values of `outputs`; Tensor() for kNoValue.
absl::StatusOr<std::vector<Tensor>> Fetch(OneNode& one,
                                          const std::vector<ValueId>& outputs) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i] == kNoValue) continue;
    ASSAY_RETURN_IF_ERROR(one.graph.AddOutput(absl::StrCat(i), outputs[i]));
  }
  ASSAY_ASSIGN_OR_RETURN(Evaluation evaluation,
                         Evaluate(one.graph, one.feeds, ParameterStore()));
  std::vector<Tensor> values;
  for (size_t i = 0; i < outputs.size(); ++i) {
    values.push_back(evaluation.outputs[absl::StrCat(i)]);
  }
  return values;
}

template <typename T>
Tensor Make(Shape shape, const std::vector<T>& values) {
  return Tensor::From<T>(std::move(shape), values);
}

}  // namespace

absl::StatusOr<std::vector<Tensor>> EvaluateOp(
    const std::string& op, const std::vector<Tensor>& operands,
    const Attributes& attributes) {
  ASSAY_ASSIGN_OR_RETURN(OneNode one, MakeNode(op, operands, attributes));
  return Fetch(one, one.graph.node(one.node).outputs);
}

absl::StatusOr<std::vector<Tensor>> GradientsOfOp(
    const std::string& op, const std::vector<Tensor>& operands,
    const Attributes& attributes) {
  ASSAY_ASSIGN_OR_RETURN(OneNode one, MakeNode(op, operands, attributes));
  std::vector<ValueId> sources;
  for (const ValueId input : one.inputs) {
    if (input != kNoValue) sources.push_back(input);
  }
  const ValueId target = one.graph.node(one.node).outputs[0];
  ASSAY_ASSIGN_OR_RETURN(const std::vector<ValueId> gradients,
                         AddGradients(&one.graph, target, kNoValue, sources));
  return Fetch(one, gradients);
}

std::vector<double> ValuesOfOp(const std::string& op,
                               const std::vector<Tensor>& operands,
                               const Attributes& attributes) {
  const absl::StatusOr<std::vector<Tensor>> results =
      EvaluateOp(op, operands, attributes);
  if (!results.ok()) {
    ADD_FAILURE() << results.status();
    return {};
  }
  return ToDoubles((*results)[0]);
}

std::vector<double> ToDoubles(const Tensor& tensor) {
  const Tensor wide = tensor.Cast(DType::kF64);
  return {wide.data<double>(), wide.data<double>() + wide.size()};
}

Tensor F32(Shape shape, std::vector<float> values) {
  return Make(std::move(shape), values);
}
Tensor F64(Shape shape, std::vector<double> values) {
  return Make(std::move(shape), values);
}
Tensor S32(Shape shape, std::vector<int32_t> values) {
  return Make(std::move(shape), values);
}
Tensor U8(Shape shape, std::vector<uint8_t> values) {
  return Make(std::move(shape), values);
}
Tensor S8(Shape shape, std::vector<int8_t> values) {
  return Make(std::move(shape), values);
}

}  // namespace assay
