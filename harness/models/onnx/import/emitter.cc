#include "harness/models/onnx/import/emitter.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "harness/core/shape.h"
#include "harness/graph/op_schema.h"
#include "harness/graph/reference.h"

namespace assay {
namespace {

Attributes DTypeAttribute(DType dtype) {
  return {{"dtype", std::string(Name(dtype))}};
}

}  // namespace

void Emitter::Refuse(absl::string_view why) {
  Fail(absl::UnimplementedError(why));
}

void Emitter::Invalid(absl::string_view why) {
  Fail(absl::InvalidArgumentError(why));
}

const Tensor* Emitter::Known(ValueId v) const {
  if (v == kNoValue) return nullptr;
  const Value& value = graph().value(v);
  return value.kind == ValueKind::kConstant ? &value.constant : nullptr;
}

bool Emitter::Fold(const std::string& op, const std::vector<ValueId>& inputs,
                   const Attributes& attributes,
                   std::vector<ValueId>* results) {
  Graph scratch(graph().ops());
  std::vector<ValueId> operands;
  std::vector<const Tensor*> tensors;
  for (const ValueId v : inputs) {
    const Tensor* known = Known(v);
    if (v != kNoValue && known == nullptr) return false;
    tensors.push_back(known);
    operands.push_back(known == nullptr ? kNoValue
                                        : scratch.AddConstant(*known));
  }
  absl::StatusOr<NodeId> node = scratch.AddNode(op, operands, attributes);
  if (!node.ok()) {
    Fail(node.status());
    return true;
  }
  const OpSchema* schema = graph().ops().Find(op);
  if (schema->reference == nullptr) return false;
  // A multiply-accumulate costs about a sixteenth of an element's move.
  int64_t work = schema->macs == nullptr
                     ? 0
                     : schema->macs(scratch, scratch.node(*node)) / 16;
  for (const Tensor* tensor : tensors) {
    if (tensor != nullptr) work += tensor->size();
  }
  for (const ValueId v : scratch.node(*node).outputs) {
    work += ElementCount(scratch.shape(v));
  }
  if (work > draft_->limits.computed_elements) return false;
  draft_->limits.computed_elements -= work;
  auto values = EvaluateNode(scratch, *node, tensors);
  if (!values.ok()) {
    Fail(values.status());
    return true;
  }
  for (Tensor& value : *values) results->push_back(Constant(std::move(value)));
  return true;
}

std::vector<ValueId> Emitter::Ops(const std::string& op,
                                  const std::vector<ValueId>& inputs,
                                  const Attributes& attributes) {
  if (!ok()) return {};
  if (--draft_->limits.steps < 0) {
    Refuse("the network is written out in too many steps");
    return {};
  }
  std::vector<ValueId> results;
  if (Fold(op, inputs, attributes, &results)) return results;
  Graph& to = draft_->graph;
  if (to.node_count() >= draft_->limits.nodes) {
    Refuse(absl::StrCat("the network has more than ", draft_->limits.nodes,
                        " nodes when it is written out"));
    return {};
  }
  absl::StatusOr<NodeId> node =
      to.AddNode(op, inputs, attributes,
                 prefix_.empty() ? op : absl::StrCat(prefix_, "/", op));
  if (!node.ok()) {
    Fail(node.status());
    return {};
  }
  for (const ValueId v : to.node(*node).outputs) {
    const int64_t bytes = ElementCount(to.shape(v)) * SizeOf(to.type(v).dtype);
    if (bytes > draft_->limits.value_bytes) {
      Invalid(absl::StrCat("a result ", ToString(to.type(v)),
                           " is larger than the ", draft_->limits.value_bytes,
                           " bytes that one value may have"));
      return {};
    }
  }
  return to.node(*node).outputs;
}

ValueId Emitter::Op(const std::string& op, const std::vector<ValueId>& inputs,
                    const Attributes& attributes) {
  const std::vector<ValueId> results = Ops(op, inputs, attributes);
  return results.empty() ? kNoValue : results[0];
}

ValueId Emitter::Constant(Tensor value) {
  return ok() ? draft_->graph.AddConstant(std::move(value)) : kNoValue;
}

bool Emitter::MayCompute(int64_t elements) {
  if (!ok()) return false;
  elements = std::max<int64_t>(elements, 0);
  if (elements > draft_->limits.computed_elements) {
    Refuse(absl::StrCat("constants of ", elements,
                        " elements, more than import may still compute"));
    return false;
  }
  draft_->limits.computed_elements -= elements;
  return true;
}

ValueId Emitter::Scalar(DType dtype, double value) {
  return Constant(Tensor::From<double>({}, {value}).Cast(dtype));
}

ValueId Emitter::Ints(std::vector<int64_t> values) {
  const int64_t size = static_cast<int64_t>(values.size());
  return Constant(Tensor::From<int64_t>({size}, values));
}

Shape Emitter::shape(ValueId v) const {
  return v == kNoValue ? Shape() : graph().shape(v);
}

int64_t Emitter::Rank(ValueId v) const {
  return v == kNoValue ? 0 : static_cast<int64_t>(graph().shape(v).size());
}

int64_t Emitter::Dim(ValueId v, int64_t axis) const {
  const int64_t rank = Rank(v);
  if (axis < 0) axis += rank;
  return axis < 0 || axis >= rank ? 1
                                  : graph().shape(v)[static_cast<size_t>(axis)];
}

DType Emitter::dtype(ValueId v) const {
  return v == kNoValue ? DType::kF32 : graph().type(v).dtype;
}

int64_t Emitter::Axis(int64_t axis, int64_t rank) {
  if (!ok()) return 0;
  if (axis < -rank || axis >= rank) {
    Invalid(absl::StrCat("axis: expected one of a tensor of rank ", rank,
                         ", got ", axis));
    return 0;
  }
  return axis < 0 ? axis + rank : axis;
}

bool Emitter::HasAxis(ValueId v, int64_t axis) {
  if (axis >= 0 && axis < Rank(v)) return true;
  Invalid(absl::StrCat("expected a tensor with axis ", axis, ", got ",
                       ToString(shape(v))));
  return false;
}

ValueId Emitter::Scale(ValueId a, double factor) {
  return Mul(a, Scalar(dtype(a), factor));
}

ValueId Emitter::Offset(ValueId a, double term) {
  return Add(a, Scalar(dtype(a), term));
}

ValueId Emitter::Cast(ValueId a, DType to) {
  if (!ok() || a == kNoValue || dtype(a) == to) return a;
  return Op("cast", {a}, DTypeAttribute(to));
}

ValueId Emitter::Floor(ValueId a) { return Op("floor", {a}); }

ValueId Emitter::Trunc(ValueId a) {
  return Mul(Op("sign", {a}), Floor(Op("abs", {a})));
}

ValueId Emitter::Not(ValueId a) {
  return Equal(Cast(a, DType::kS32), Scalar(DType::kS32, 0));
}

ValueId Emitter::Where(ValueId condition, ValueId a, ValueId b) {
  const DType type = dtype(a);
  const bool narrow =
      type == DType::kBool || type == DType::kU8 || type == DType::kS8;
  if (!narrow) return Op("where", {condition, a, b});
  return Cast(
      Op("where", {condition, Cast(a, DType::kS32), Cast(b, DType::kS32)}),
      type);
}

ValueId Emitter::Reshape(ValueId a, Shape to) {
  if (!ok() || shape(a) == to) return a;
  if (!to.empty() && Known(a) == nullptr) {
    to[0] = Rank(a) > 0 && Dim(a, 0) == to[0] ? 0 : -1;
  }
  return Op("reshape", {a}, {{"shape", std::move(to)}});
}

ValueId Emitter::Transpose(ValueId a, std::vector<int64_t> permutation) {
  if (std::is_sorted(permutation.begin(), permutation.end()) &&
      static_cast<int64_t>(permutation.size()) == Rank(a)) {
    return a;
  }
  return Op("transpose", {a}, {{"permutation", std::move(permutation)}});
}

ValueId Emitter::MoveAxis(ValueId a, int64_t from, int64_t to) {
  if (!ok() || !HasAxis(a, from) || !HasAxis(a, to)) return kNoValue;
  std::vector<int64_t> permutation(static_cast<size_t>(Rank(a)));
  std::iota(permutation.begin(), permutation.end(), 0);
  permutation.erase(permutation.begin() + from);
  permutation.insert(permutation.begin() + to, from);
  return Transpose(a, std::move(permutation));
}

ValueId Emitter::Broadcast(ValueId a, Shape to) {
  if (!ok() || shape(a) == to) return a;
  return Op("broadcast_to", {a}, {{"shape", std::move(to)}});
}

ValueId Emitter::Concat(std::vector<ValueId> parts, int64_t axis) {
  if (!ok()) return kNoValue;
  if (parts.size() == 1) return parts[0];
  return Op("concat", parts, {{"axis", axis}});
}

ValueId Emitter::Slice(ValueId a, int64_t axis, int64_t start, int64_t end) {
  if (!ok() || !HasAxis(a, axis)) return kNoValue;
  if (start == 0 && end == Dim(a, axis)) return a;
  std::vector<int64_t> starts(static_cast<size_t>(Rank(a)), 0);
  std::vector<int64_t> ends = shape(a);
  // Axes that are kept whole fit any batch.
  std::fill(ends.begin(), ends.end(), std::numeric_limits<int64_t>::max());
  starts[static_cast<size_t>(axis)] = start;
  ends[static_cast<size_t>(axis)] = end;
  return Op("slice", {a}, {{"starts", starts}, {"ends", ends}});
}

ValueId Emitter::Pick(ValueId a, int64_t axis,
                      const std::vector<int64_t>& indices) {
  const int64_t size = static_cast<int64_t>(indices.size());
  if (!MayCompute(size)) return kNoValue;
  const ValueId at =
      Constant(Tensor::From<int64_t>({size}, indices).Cast(DType::kS32));
  return Op("gather", {a, at}, {{"axis", axis}});
}

ValueId Emitter::Sum(ValueId a, std::vector<int64_t> axes, bool keep) {
  return Op("reduce_sum", {a},
            {{"axes", std::move(axes)}, {"keep", int64_t{keep}}});
}

ValueId Emitter::Mean(ValueId a, std::vector<int64_t> axes, bool keep) {
  return Op("reduce_mean", {a},
            {{"axes", std::move(axes)}, {"keep", int64_t{keep}}});
}

}  // namespace assay
