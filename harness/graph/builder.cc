#include "harness/graph/builder.h"

#include "absl/status/statusor.h"

namespace assay {

std::vector<ValueId> GraphBuilder::Ops(std::string op,
                                       std::vector<ValueId> inputs,
                                       Attributes attributes,
                                       std::string name) {
  if (!ok()) return {};
  absl::StatusOr<NodeId> node = graph_->AddNode(
      std::move(op), std::move(inputs), std::move(attributes), std::move(name));
  if (!node.ok()) {
    Fail(node.status());
    return {};
  }
  return graph_->node(*node).outputs;
}

ValueId GraphBuilder::Op(std::string op, std::vector<ValueId> inputs,
                         Attributes attributes, std::string name) {
  const std::vector<ValueId> results = Ops(
      std::move(op), std::move(inputs), std::move(attributes), std::move(name));
  return results.empty() ? kNoValue : results[0];
}

ValueId GraphBuilder::Input(std::string name, DType dtype, Shape shape) {
  if (!ok()) return kNoValue;
  absl::StatusOr<ValueId> id =
      graph_->AddInput(std::move(name), {dtype, std::move(shape)});
  if (!id.ok()) Fail(id.status());
  return id.ok() ? *id : kNoValue;
}

ValueId GraphBuilder::Parameter(std::string name, DType dtype, Shape shape) {
  if (!ok()) return kNoValue;
  absl::StatusOr<ValueId> id =
      graph_->AddParameter(std::move(name), {dtype, std::move(shape)});
  if (!id.ok()) Fail(id.status());
  return id.ok() ? *id : kNoValue;
}

ValueId GraphBuilder::Constant(Tensor value, std::string name) {
  if (!ok()) return kNoValue;
  return graph_->AddConstant(std::move(value), std::move(name));
}

ValueId GraphBuilder::Scalar(DType dtype, double value) {
  return Constant(Tensor::From<double>({}, {value}).Cast(dtype));
}

void GraphBuilder::Output(std::string name, ValueId value) {
  if (ok()) Fail(graph_->AddOutput(std::move(name), value));
}

void GraphBuilder::Update(ValueId parameter, ValueId value) {
  if (ok()) Fail(graph_->AddUpdate(parameter, value));
}

ValueId GraphBuilder::Scale(ValueId a, double factor) {
  return ok() ? Mul(a, Scalar(dtype(a), factor)) : kNoValue;
}

ValueId GraphBuilder::Offset(ValueId a, double term) {
  return ok() ? Add(a, Scalar(dtype(a), term)) : kNoValue;
}

ValueId GraphBuilder::Reshape(ValueId a, Shape shape) {
  return Op("reshape", {a}, {{"shape", std::move(shape)}});
}

ValueId GraphBuilder::ReduceSum(ValueId a, std::vector<int64_t> axes,
                                bool keep) {
  return Op("reduce_sum", {a},
            {{"axes", std::move(axes)}, {"keep", int64_t{keep}}});
}

ValueId GraphBuilder::ReduceMean(ValueId a, std::vector<int64_t> axes,
                                 bool keep) {
  return Op("reduce_mean", {a},
            {{"axes", std::move(axes)}, {"keep", int64_t{keep}}});
}

ValueId GraphBuilder::Transpose(ValueId a, std::vector<int64_t> permutation) {
  return Op("transpose", {a}, {{"permutation", std::move(permutation)}});
}

}  // namespace assay
