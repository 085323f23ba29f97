#include "harness/ops/testing/op_case.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/random.h"
#include "harness/core/status_macros.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

constexpr double kKinkDistance = 0.05;

TensorType TypeUnderTest(const CaseOperand& operand, DType dtype) {
  TensorType type = operand.type;
  if (type.dtype != DType::kF32) return type;
  type.dtype =
      operand.statistics && dtype == DType::kBF16 ? DType::kF32 : dtype;
  return type;
}

bool NearKink(const CaseOperand& operand, double value) {
  return std::any_of(
      operand.avoid.begin(), operand.avoid.end(),
      [&](double kink) { return std::abs(value - kink) < kKinkDistance; });
}

double Draw(const CaseOperand& operand, RandomStream& random) {
  const double width = operand.high - operand.low;
  if (!IsFloat(operand.type.dtype)) {
    return operand.low +
           static_cast<double>(random.Below(static_cast<uint64_t>(width) + 1));
  }
  double value;
  do {
    value = operand.low + width * random.UniformDouble();
  } while (NearKink(operand, value));
  return value;
}

std::vector<double> Elements(const CaseOperand& operand, RandomStream& random) {
  if (!operand.values.empty()) return operand.values;
  const int64_t count = ElementCount(operand.type.shape);
  std::vector<double> values;
  if (!operand.distinct) {
    for (int64_t i = 0; i < count; ++i) {
      values.push_back(Draw(operand, random));
    }
    return values;
  }
  for (const int64_t i : random.Permutation(count)) {
    values.push_back(operand.low + (operand.high - operand.low) *
                                       (static_cast<double>(i) + 0.5) /
                                       static_cast<double>(count));
  }
  return values;
}

}  // namespace

CaseOperand F(Shape shape, double low, double high) {
  CaseOperand operand;
  operand.type = {DType::kF32, std::move(shape)};
  operand.low = low;
  operand.high = high;
  return operand;
}

CaseOperand Avoiding(Shape shape, std::vector<double> avoid, double low,
                     double high) {
  CaseOperand operand = F(std::move(shape), low, high);
  operand.avoid = std::move(avoid);
  return operand;
}

CaseOperand Distinct(Shape shape, double low, double high) {
  CaseOperand operand = F(std::move(shape), low, high);
  operand.distinct = true;
  return operand;
}

CaseOperand Given(DType dtype, Shape shape, std::vector<double> values) {
  CaseOperand operand = F(std::move(shape));
  operand.type.dtype = dtype;
  operand.values = std::move(values);
  return operand;
}

CaseOperand S32(Shape shape, double low, double high) {
  CaseOperand operand = F(std::move(shape), low, high);
  operand.type.dtype = DType::kS32;
  return operand;
}

CaseOperand Statistics(CaseOperand operand) {
  operand.statistics = true;
  return operand;
}

CaseOperand Constant(CaseOperand operand) {
  operand.constant = true;
  return operand;
}

CaseOperand Absent() {
  CaseOperand operand;
  operand.absent = true;
  return operand;
}

std::vector<Tensor> MakeOperands(const OpCase& op_case, DType dtype,
                                 size_t index) {
  RandomStream random(0, absl::StrCat("op_case/", op_case.op, "/", index));
  std::vector<Tensor> tensors;
  for (const CaseOperand& operand : op_case.operands) {
    if (operand.absent) {
      tensors.emplace_back();
      continue;
    }
    const TensorType type = TypeUnderTest(operand, dtype);
    tensors.push_back(
        Tensor::From<double>(type.shape, Elements(operand, random))
            .Cast(type.dtype));
  }
  return tensors;
}

absl::StatusOr<Graph> MakeCaseGraph(const OpCase& op_case, DType dtype) {
  Graph graph(StandardOps());
  std::vector<ValueId> inputs;
  for (size_t i = 0; i < op_case.operands.size(); ++i) {
    if (op_case.operands[i].absent) {
      inputs.push_back(kNoValue);
      continue;
    }
    ASSAY_ASSIGN_OR_RETURN(
        const ValueId input,
        graph.AddInput(absl::StrCat("operand", i),
                       TypeUnderTest(op_case.operands[i], dtype)));
    inputs.push_back(input);
  }
  ASSAY_ASSIGN_OR_RETURN(
      const NodeId node,
      graph.AddNode(op_case.op, std::move(inputs), op_case.attributes));
  const std::vector<ValueId> results = graph.node(node).outputs;
  for (size_t i = 0; i < results.size(); ++i) {
    ASSAY_RETURN_IF_ERROR(
        graph.AddOutput(absl::StrCat("result", i), results[i]));
  }
  return graph;
}

}  // namespace assay
