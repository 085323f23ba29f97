// Graphs: reading them, and building them as straight formulas.
#ifndef ASSAY_HARNESS_ABI_SDK_GRAPH_H_
#define ASSAY_HARNESS_ABI_SDK_GRAPH_H_

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "tensor.h"

namespace assay::sdk {

using ValueId = int32_t;
using NodeId = int32_t;
constexpr ValueId kNoValue = ASSAY_NO_VALUE;

using Ints = std::vector<int64_t>;
using Reals = std::vector<double>;

// A named constant of a node: {"axis", 1}, {"epsilon", 1e-5},
// {"dtype", "f64"}, {"strides", Ints{1, 1}}.
struct Attribute {
  Attribute(std::string n, int v) : name(std::move(n)), value(int64_t{v}) {}
  Attribute(std::string n, int64_t v) : name(std::move(n)), value(v) {}
  Attribute(std::string n, double v) : name(std::move(n)), value(v) {}
  Attribute(std::string n, const char* v)
      : name(std::move(n)), value(std::string(v)) {}
  Attribute(std::string n, std::string v)
      : name(std::move(n)), value(std::move(v)) {}
  Attribute(std::string n, Ints v) : name(std::move(n)), value(std::move(v)) {}
  Attribute(std::string n, Reals v) : name(std::move(n)), value(std::move(v)) {}

  std::string name;
  // In the order of the ASSAY_ATTRIBUTE_ values.
  std::variant<int64_t, double, std::string, Ints, Reals> value;
};
using Attributes = std::vector<Attribute>;

// How batch norms behave in training form.
enum class BatchNorm : int32_t {
  kUpdate = ASSAY_BATCH_NORM_UPDATE,
  kBatch = ASSAY_BATCH_NORM_BATCH,
  kFrozen = ASSAY_BATCH_NORM_FROZEN,
};

enum class Role : int32_t {
  kOther = ASSAY_ROLE_OTHER,
  kConv = ASSAY_ROLE_CONV,
  kDepthwiseConv = ASSAY_ROLE_DEPTHWISE_CONV,
  kLinear = ASSAY_ROLE_LINEAR,
  kEmbedding = ASSAY_ROLE_EMBEDDING,
  kNormScale = ASSAY_ROLE_NORM_SCALE,
  kNormShift = ASSAY_ROLE_NORM_SHIFT,
  kBias = ASSAY_ROLE_BIAS,
  kStatistic = ASSAY_ROLE_STATISTIC,
};

struct Parameter {
  std::string name;
  ValueId value = kNoValue;
  Role role = Role::kOther;
  int layer = -1;  // among conv and linear weights in graph order
  Shape shape;
  int64_t elements = 0;
  int64_t macs = 0;  // per sample
  int uses = 0;
  bool trainable = false;

  // Weights that pruning methods cut: conv, depthwise conv and linear.
  bool IsWeight() const {
    return role == Role::kConv || role == Role::kDepthwiseConv ||
           role == Role::kLinear;
  }
};

enum class ValueKind : int32_t {
  kInput = ASSAY_INPUT,
  kParameter = ASSAY_PARAMETER,
  kConstant = ASSAY_CONSTANT,
  kResult = ASSAY_RESULT,
};

struct Value {
  ValueKind kind = ValueKind::kResult;
  DType dtype = DType::kF32;
  Shape shape;
  std::string name;
  NodeId producer = -1;
};

struct Node {
  std::string op;
  std::vector<ValueId> inputs;  // kNoValue where an operand is absent
  std::vector<ValueId> outputs;
  Attributes attributes;
  int64_t macs = 0;

  // The attribute of that name; nullptr when absent.
  const Attribute* Find(std::string_view name) const {
    for (const Attribute& a : attributes) {
      if (a.name == name) return &a;
    }
    return nullptr;
  }
};

// A reference to a graph that lives elsewhere, for reading. What is asked for a
// number that does not exist comes back empty.
class GraphRef {
 public:
  GraphRef() = default;
  GraphRef(const Services& s, const assay_graph* raw) : s_(&s), raw_(raw) {}

  // All parameters, in the order in which they were added.
  std::vector<Parameter> parameters() const {
    std::vector<Parameter> result;
    for (uint32_t i = 0; i < info().parameter_count; ++i) {
      result.push_back(parameter(i));
    }
    return result;
  }
  // The weights that pruning methods cut, in layer order.
  std::vector<Parameter> weights() const {
    std::vector<Parameter> result;
    for (Parameter& p : parameters()) {
      if (p.IsWeight()) result.push_back(std::move(p));
    }
    return result;
  }

  int node_count() const { return static_cast<int>(info().node_count); }
  int value_count() const { return static_cast<int>(info().value_count); }
  int64_t batch() const { return info().batch; }

  Node node(NodeId id) const {
    Node node;
    assay_node_info raw{};
    raw.size = ASSAY_SIZE(assay_node_info);
    if (!ASSAY_SDK_CALL(*s_, graph, node, raw_, id, &raw).ok()) return node;
    node.op = ToString(raw.op);
    node.inputs.assign(raw.inputs, raw.inputs + raw.input_count);
    node.outputs.assign(raw.outputs, raw.outputs + raw.output_count);
    node.macs = raw.macs;
    for (uint32_t i = 0; i < raw.attribute_count; ++i) {
      assay_attribute a{};
      a.size = ASSAY_SIZE(assay_attribute);
      if (ASSAY_SDK_CALL(*s_, graph, attribute, raw_, id, i, &a).ok()) {
        node.attributes.push_back(FromRaw(a));
      }
    }
    return node;
  }
  Value value(ValueId id) const {
    Value value;
    assay_value_info raw{};
    raw.size = ASSAY_SIZE(assay_value_info);
    if (!ASSAY_SDK_CALL(*s_, graph, value, raw_, id, &raw).ok()) return value;
    value.kind = static_cast<ValueKind>(raw.kind);
    value.dtype = static_cast<DType>(raw.dtype);
    value.shape.assign(raw.shape, raw.shape + raw.rank);
    value.name = ToString(raw.name);
    value.producer = raw.producer;
    return value;
  }
  Shape shape(ValueId id) const { return value(id).shape; }

  ValueId input(uint32_t index = 0) const {
    ValueId id = kNoValue;
    return ASSAY_SDK_CALL(*s_, graph, input, raw_, index, &id).ok() ? id
                                                                    : kNoValue;
  }
  ValueId FindValue(std::string_view name) const {
    if (!HasSlot(s_->graph, &assay_graph_table::find_value)) return kNoValue;
    return s_->graph->find_value(s_->host, raw_, ToText(name));
  }
  ValueId FindOutput(std::string_view name) const {
    if (!HasSlot(s_->graph, &assay_graph_table::find_output)) return kNoValue;
    return s_->graph->find_output(s_->host, raw_, ToText(name));
  }
  ValueId logits() const { return FindOutput("logits"); }
  std::vector<NodeId> Consumers(ValueId id) const {
    if (!HasSlot(s_->graph, &assay_graph_table::consumers)) return {};
    const uint32_t n = s_->graph->consumers(s_->host, raw_, id, nullptr, 0);
    std::vector<NodeId> nodes(n);
    s_->graph->consumers(s_->host, raw_, id, nodes.data(), n);
    return nodes;
  }
  // The text form, which FromText reads back.
  StatusOr<std::string> Text() const {
    std::string text;
    const assay_text_sink sink{&text, [](void* context, assay_text t) {
                                 *static_cast<std::string*>(context) =
                                     ToString(t);
                               }};
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(*s_, graph, to_text, raw_, sink));
    return text;
  }

  const assay_graph* raw() const { return raw_; }

 protected:
  assay_graph_info info() const {
    assay_graph_info info{};
    info.size = ASSAY_SIZE(assay_graph_info);
    CallOr(s_->graph, &assay_graph_table::info, s_->host, raw_, &info);
    return info;
  }
  Parameter parameter(uint32_t index) const {
    Parameter p;
    assay_parameter_info raw{};
    raw.size = ASSAY_SIZE(assay_parameter_info);
    if (!ASSAY_SDK_CALL(*s_, graph, parameter, raw_, index, &raw).ok()) {
      return p;
    }
    p.name = ToString(raw.name);
    p.value = raw.value;
    p.role = static_cast<Role>(raw.role);
    p.layer = raw.layer;
    p.shape.assign(raw.shape, raw.shape + raw.rank);
    p.elements = raw.elements;
    p.macs = raw.macs;
    p.uses = static_cast<int>(raw.uses);
    p.trainable = raw.trainable != 0;
    return p;
  }
  static Attribute FromRaw(const assay_attribute& a) {
    std::string name = ToString(a.name);
    switch (a.type) {
      case ASSAY_ATTRIBUTE_REAL:
        return {std::move(name), a.real};
      case ASSAY_ATTRIBUTE_TEXT:
        return {std::move(name), ToString(a.text)};
      case ASSAY_ATTRIBUTE_INTEGERS:
        return {std::move(name), Ints(a.integers, a.integers + a.count)};
      case ASSAY_ATTRIBUTE_REALS:
        return {std::move(name), Reals(a.reals, a.reals + a.count)};
      default:
        return {std::move(name), a.integer};
    }
  }

  const Services* s_ = nullptr;
  const assay_graph* raw_ = nullptr;
};

// A graph of the plugin's own; move-only. Building calls chain: the first error
// sticks, later calls return kNoValue and do nothing, so that code reads as
// formulas and looks at status() once.
class Graph : public GraphRef {
 public:
  using Raw = Handle<assay_graph, assay_graph_table, &Services::graph,
                     &assay_graph_table::free>;

  Graph() = default;
  Graph(const Services& s, assay_graph* raw)
      : GraphRef(s, raw), handle_(s, raw) {}

  static StatusOr<Graph> Make(const Services& s, std::string_view name) {
    assay_graph* raw = nullptr;
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(s, graph, make, ToText(name), &raw));
    return Graph(s, raw);
  }
  static StatusOr<Graph> FromText(const Services& s, std::string_view text) {
    assay_graph* raw = nullptr;
    ASSAY_RETURN_IF_ERROR(
        ASSAY_SDK_CALL(s, graph, from_text, ToText(text), &raw));
    return Graph(s, raw);
  }
  static StatusOr<Graph> Clone(const Services& s, GraphRef source) {
    assay_graph* raw = nullptr;
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(s, graph, clone, source.raw(), &raw));
    return Graph(s, raw);
  }
  static StatusOr<Graph> ToTraining(const Services& s, GraphRef source,
                                    BatchNorm batch_norm) {
    assay_graph* raw = nullptr;
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(s, graph, to_training, source.raw(),
                                         static_cast<int32_t>(batch_norm),
                                         &raw));
    return Graph(s, raw);
  }
  static StatusOr<Graph> Rebatch(const Services& s, GraphRef source,
                                 int64_t batch) {
    assay_graph* raw = nullptr;
    ASSAY_RETURN_IF_ERROR(
        ASSAY_SDK_CALL(s, graph, rebatch, source.raw(), batch, &raw));
    return Graph(s, raw);
  }
  // With values[i] replaced by by[i] wherever it is read.
  static StatusOr<Graph> Substitute(const Services& s, GraphRef source,
                                    Span<const ValueId> values,
                                    Span<const ValueId> by) {
    assay_graph* raw = nullptr;
    if (values.size() != by.size()) {
      return InvalidArgument("substitute: as many values as replacements");
    }
    ASSAY_RETURN_IF_ERROR(
        ASSAY_SDK_CALL(s, graph, substitute, source.raw(), values.data(),
                       by.data(), static_cast<uint32_t>(values.size()), &raw));
    return Graph(s, raw);
  }

  const Status& status() const { return status_; }

  // All results of a new node; empty after an error. `name` names the first.
  std::vector<ValueId> Ops(std::string_view op, const std::vector<ValueId>& in,
                           const Attributes& attributes = {},
                           std::string_view name = "") {
    std::vector<assay_attribute> raw(attributes.size());
    std::vector<const assay_attribute*> pointers(attributes.size());
    for (size_t i = 0; i < raw.size(); ++i) {
      raw[i] = ToRaw(attributes[i]);
      pointers[i] = &raw[i];
    }
    NodeId id = -1;
    if (!Try(ASSAY_SDK_CALL(
            *s_, graph, add_node, handle_.get(), ToText(op), in.data(),
            static_cast<uint32_t>(in.size()), pointers.data(),
            static_cast<uint32_t>(pointers.size()), ToText(name), &id))) {
      return {};
    }
    return node(id).outputs;
  }
  // The first result of a new node.
  ValueId Op(std::string_view op, const std::vector<ValueId>& in,
             const Attributes& attributes = {}, std::string_view name = "") {
    const std::vector<ValueId> out = Ops(op, in, attributes, name);
    return out.empty() ? kNoValue : out.front();
  }

  ValueId Input(std::string_view name, DType dtype, const Shape& shape) {
    ValueId id = kNoValue;
    Try(ASSAY_SDK_CALL(*s_, graph, add_input, handle_.get(), ToText(name),
                       static_cast<int32_t>(dtype), shape.data(),
                       static_cast<uint32_t>(shape.size()), &id));
    return id;
  }
  // A name that exists gives the same value: shared weights.
  ValueId Param(std::string_view name, const Shape& shape,
                DType dtype = DType::kF32) {
    ValueId id = kNoValue;
    Try(ASSAY_SDK_CALL(*s_, graph, add_parameter, handle_.get(), ToText(name),
                       static_cast<int32_t>(dtype), shape.data(),
                       static_cast<uint32_t>(shape.size()), &id));
    return id;
  }
  ValueId Constant(const Tensor& tensor) {
    ValueId id = kNoValue;
    Try(ASSAY_SDK_CALL(*s_, graph, add_constant, handle_.get(), tensor.raw(),
                       &id));
    return id;
  }
  ValueId Constant(const Shape& shape, Span<const float> values) {
    StatusOr<Tensor> tensor = Tensor::Make(*s_, DType::kF32, shape);
    if (!Try(tensor.status())) return kNoValue;
    if (tensor->size() != values.size()) {
      Try(InvalidArgument("constant: values do not fill the shape"));
      return kNoValue;
    }
    std::copy(values.begin(), values.end(), tensor->values().begin());
    return Constant(*tensor);
  }
  ValueId Scalar(float value) { return Constant({}, {&value, 1}); }
  void Output(std::string_view name, ValueId value) {
    Try(ASSAY_SDK_CALL(*s_, graph, add_output, handle_.get(), ToText(name),
                       value));
  }
  // After each run the parameter takes the value.
  void Update(ValueId parameter, ValueId value) {
    Try(ASSAY_SDK_CALL(*s_, graph, add_update, handle_.get(), parameter,
                       value));
  }
  void ClearOutputs() {
    CallOr(s_->graph, &assay_graph_table::clear_outputs, s_->host,
           handle_.get());
  }
  void ClearUpdates() {
    CallOr(s_->graph, &assay_graph_table::clear_updates, s_->host,
           handle_.get());
  }

  // Copies the nodes of `source` behind these; its inputs become `inputs`, the
  // values of its outputs come back.
  std::vector<ValueId> Append(GraphRef source,
                              const std::vector<ValueId>& inputs,
                              uint32_t output_count = 1) {
    std::vector<ValueId> outputs(output_count, kNoValue);
    Try(ASSAY_SDK_CALL(*s_, graph, append, handle_.get(), source.raw(),
                       inputs.data(), static_cast<uint32_t>(inputs.size()),
                       outputs.data(), output_count));
    return outputs;
  }

  // d sum(target * seed) / d sources; kNoValue where there is none.
  std::vector<ValueId> Gradients(ValueId target,
                                 const std::vector<ValueId>& sources,
                                 ValueId seed = kNoValue) {
    std::vector<ValueId> gradients(sources.size(), kNoValue);
    Try(ASSAY_SDK_CALL(*s_, graph, add_gradients, handle_.get(), target, seed,
                       sources.data(), static_cast<uint32_t>(sources.size()),
                       gradients.data()));
    return gradients;
  }
  // The task's loss over logits; adds the input for the labels.
  ValueId TaskLoss(ValueId logits, double label_smoothing = ASSAY_UNSET) {
    ValueId id = kNoValue;
    Try(ASSAY_SDK_CALL(*s_, graph, add_task_loss, handle_.get(), logits,
                       label_smoothing, &id));
    return id;
  }

  // Shorthands; binary ones broadcast as NumPy does.
  ValueId Add(ValueId a, ValueId b) { return Op("add", {a, b}); }
  ValueId Sub(ValueId a, ValueId b) { return Op("sub", {a, b}); }
  ValueId Mul(ValueId a, ValueId b) { return Op("mul", {a, b}); }
  ValueId Scale(ValueId a, float factor) { return Mul(a, Scalar(factor)); }
  ValueId Sum(ValueId a) {  // of all elements, a scalar
    Ints axes;
    for (size_t i = 0; i < shape(a).size(); ++i) {
      axes.push_back(static_cast<int64_t>(i));
    }
    return axes.empty() ? a : Op("reduce_sum", {a}, {{"axes", axes}});
  }
  ValueId Slice(ValueId a, const Ints& starts, const Ints& ends) {
    return Op("slice", {a}, {{"starts", starts}, {"ends", ends}});
  }

  assay_graph* raw() const { return handle_.get(); }

 private:
  static assay_attribute ToRaw(const Attribute& a) {
    assay_attribute raw{};
    raw.size = ASSAY_SIZE(assay_attribute);
    raw.name = ToText(a.name);
    raw.type = static_cast<int32_t>(a.value.index());
    switch (raw.type) {
      case ASSAY_ATTRIBUTE_INTEGER:
        raw.integer = std::get<int64_t>(a.value);
        break;
      case ASSAY_ATTRIBUTE_REAL:
        raw.real = std::get<double>(a.value);
        break;
      case ASSAY_ATTRIBUTE_TEXT:
        raw.text = ToText(std::get<std::string>(a.value));
        break;
      case ASSAY_ATTRIBUTE_INTEGERS:
        raw.integers = std::get<Ints>(a.value).data();
        raw.count = std::get<Ints>(a.value).size();
        break;
      default:
        raw.reals = std::get<Reals>(a.value).data();
        raw.count = std::get<Reals>(a.value).size();
    }
    return raw;
  }
  // Keeps the first error; false from then on.
  bool Try(Status status) {
    if (status_.ok()) status_ = std::move(status);
    return status_.ok();
  }

  Raw handle_;
  Status status_;
};

}  // namespace assay::sdk

#endif  // ASSAY_HARNESS_ABI_SDK_GRAPH_H_
