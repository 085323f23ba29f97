#include "harness/models/onnx/export/node_writer.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace assay {

std::string LocalOperand(size_t number) { return absl::StrCat("x", number); }
std::string LocalResult(size_t number) { return absl::StrCat("y", number); }

NodeWriter::NodeWriter(const Graph& graph, NodeId node,
                       const ParameterStore& parameters, bool widen)
    : graph_(graph),
      node_(graph.node(node)),
      parameters_(parameters),
      widen_(widen) {}

bool NodeWriter::Has(size_t operand) const {
  return operand < node_.inputs.size() && node_.inputs[operand] != kNoValue;
}

const Shape& NodeWriter::shape(size_t operand) const {
  return graph_.shape(node_.inputs[operand]);
}

int64_t NodeWriter::rank(size_t operand) const {
  return static_cast<int64_t>(shape(operand).size());
}

DType NodeWriter::dtype(size_t operand) const {
  const TensorType& type = graph_.type(node_.inputs[operand]);
  return Widened(type) ? DType::kF32 : type.dtype;
}

DType NodeWriter::dst_dtype() const {
  return Widened(dst()) ? DType::kF32 : dst().dtype;
}

const Tensor* NodeWriter::Known(size_t operand) const {
  const Value& value = graph_.value(node_.inputs[operand]);
  switch (value.kind) {
    case ValueKind::kConstant:
      return &value.constant;
    case ValueKind::kParameter:
      return parameters_.Find(value.name);
    case ValueKind::kInput:
    case ValueKind::kResult:
      return nullptr;
  }
  return nullptr;
}

std::string NodeWriter::In(size_t operand) {
  if (!Has(operand)) return "";
  if (!Widened(graph_.type(node_.inputs[operand]))) {
    return LocalOperand(operand);
  }
  std::string& name = widened_[operand];
  if (name.empty()) name = Cast(LocalOperand(operand), DType::kF32);
  return name;
}

std::vector<std::string> NodeWriter::AllIn() {
  std::vector<std::string> names;
  for (size_t i = 0; i < operand_count(); ++i) names.push_back(In(i));
  while (!names.empty() && names.back().empty()) names.pop_back();
  return names;
}

void NodeWriter::Append(std::string op, std::vector<std::string> inputs,
                        std::string output, OnnxAttributes attributes) {
  OnnxNode node;
  node.op = std::move(op);
  node.inputs = std::move(inputs);
  node.outputs = {std::move(output)};
  node.attributes = std::move(attributes);
  nodes_.push_back(std::move(node));
}

std::string NodeWriter::Emit(std::string op, std::vector<std::string> inputs,
                             OnnxAttributes attributes) {
  std::string name = absl::StrCat("t", next_++);
  Append(std::move(op), std::move(inputs), name, std::move(attributes));
  return name;
}

std::vector<std::string> NodeWriter::EmitAll(std::string op,
                                             std::vector<std::string> inputs,
                                             size_t results,
                                             OnnxAttributes attributes) {
  std::vector<std::string> names = {
      Emit(std::move(op), std::move(inputs), std::move(attributes))};
  while (names.size() < results) names.push_back(absl::StrCat("t", next_++));
  nodes_.back().outputs = names;
  return names;
}

void NodeWriter::ResultAt(size_t number, std::string op,
                          std::vector<std::string> inputs,
                          OnnxAttributes attributes) {
  if (!Widened(graph_.type(node_.outputs[number]))) {
    Append(std::move(op), std::move(inputs), LocalResult(number),
           std::move(attributes));
    return;
  }
  const std::string wide =
      Emit(std::move(op), std::move(inputs), std::move(attributes));
  Append("Cast", {wide}, LocalResult(number),
         {{"to", static_cast<int64_t>(ToOnnxType(DType::kBF16))}});
}

std::string NodeWriter::Constant(Tensor value) {
  OnnxTensor tensor;
  tensor.type = ToOnnxType(value.dtype());
  tensor.value = std::move(value);
  return Emit("Constant", {}, {{"value", std::move(tensor)}});
}

std::string NodeWriter::Ints(const std::vector<int64_t>& values) {
  return Constant(
      Tensor::From<int64_t>({static_cast<int64_t>(values.size())}, values));
}

std::string NodeWriter::Scalar(DType dtype, double value) {
  return Constant(Tensor::From<double>({}, {value}).Cast(dtype));
}

std::string NodeWriter::Cast(std::string value, DType dtype) {
  return Emit("Cast", {std::move(value)},
              {{"to", static_cast<int64_t>(ToOnnxType(dtype))}});
}

}  // namespace assay
