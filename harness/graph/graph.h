// The IR: a network, a training step or a sub-network as data.
#ifndef ASSAY_HARNESS_GRAPH_GRAPH_H_
#define ASSAY_HARNESS_GRAPH_GRAPH_H_

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/core/dtype.h"
#include "harness/core/shape.h"
#include "harness/core/tensor.h"
#include "harness/graph/attributes.h"

namespace assay {

class OpSet;

using ValueId = int32_t;
using NodeId = int32_t;
constexpr ValueId kNoValue = -1;  // an absent optional operand
constexpr NodeId kNoNode = -1;

struct TensorType {
  DType dtype = DType::kF32;
  Shape shape;
  bool operator==(const TensorType& o) const {
    return dtype == o.dtype && shape == o.shape;
  }
};
std::string ToString(const TensorType& type);  // "f32[2,3]"

enum class ValueKind : uint8_t {
  kInput,  // fed on every run; dimension 0 is the batch unless its rank is 0
  kParameter,  // read from a ParameterStore by name
  kConstant,   // carried by the graph
  kResult,     // made by a node
};

struct Value {
  ValueKind kind = ValueKind::kResult;
  TensorType type;
  std::string name;           // unique in the graph
  NodeId producer = kNoNode;  // kResult only
  Tensor constant;            // kConstant only
};

struct Node {
  std::string op;               // a name in the OpSet
  std::vector<ValueId> inputs;  // kNoValue where an optional operand is absent
  std::vector<ValueId> outputs;
  Attributes attributes;
};

// A directed acyclic graph of nodes over typed values. Nodes are stored in
// execution order: a node reads only values defined before it. Everything is
// functional: no node changes a value. State changes (running statistics,
// optimiser steps) are *updates*: after a run the named parameter takes the
// value of a result.
//
// A network is kept in its inference form (batch_norm reads running statistics,
// dropout is the identity); rewrites/training.h turns it into the training
// form. Copying a Graph copies its structure; constants share memory.
// References to values and nodes stay valid while the graph grows. Not
// thread-safe for writes.
class Graph {
 public:
  // `ops` must outlive the graph; harness/ops/ops.h has StandardOps().
  explicit Graph(const OpSet& ops) : ops_(&ops) {}

  // --- Building. Names are made unique by a suffix ("conv_2") where taken,
  // except those of parameters and inputs, where a second use of the name is
  // INVALID_ARGUMENT for inputs and returns the same value for parameters
  // (types must agree).
  absl::StatusOr<ValueId> AddInput(std::string name, TensorType type);
  absl::StatusOr<ValueId> AddParameter(std::string name, TensorType type);
  ValueId AddConstant(Tensor value, std::string name = "constant");

  // Appends a node, checks operands and attributes against the op's schema and
  // infers the types of its results. `name` names the first result (default:
  // the op). Errors name the op, the node, the operand, expected and got.
  // Further results are named "name.1", "name.2".
  absl::StatusOr<NodeId> AddNode(std::string op, std::vector<ValueId> inputs,
                                 Attributes attributes = {},
                                 std::string name = "");

  // Names of outputs are unique: "logits", "loss", "gradient/conv1.weights".
  absl::Status AddOutput(std::string name, ValueId value);
  // After each run parameter `parameter` (a kParameter value) := `value` (same
  // type).
  absl::Status AddUpdate(ValueId parameter, ValueId value);

  // --- Reading.
  struct Output {
    std::string name;
    ValueId value;
  };
  struct Update {
    ValueId parameter;
    ValueId value;
  };

  const OpSet& ops() const { return *ops_; }
  const std::string& name() const { return name_; }
  void set_name(std::string name) { name_ = std::move(name); }

  int32_t value_count() const { return static_cast<int32_t>(values_.size()); }
  int32_t node_count() const { return static_cast<int32_t>(nodes_.size()); }
  const Value& value(ValueId id) const {
    return values_[static_cast<size_t>(id)];
  }
  const Node& node(NodeId id) const { return nodes_[static_cast<size_t>(id)]; }
  const TensorType& type(ValueId id) const { return value(id).type; }
  const Shape& shape(ValueId id) const { return value(id).type.shape; }

  // In the order in which they were added; Program::Run takes operands in this
  // order.
  const std::vector<ValueId>& inputs() const { return inputs_; }
  const std::vector<ValueId>& parameters() const { return parameters_; }
  const std::vector<Output>& outputs() const { return outputs_; }
  const std::vector<Update>& updates() const { return updates_; }

  // kNoValue when absent.
  ValueId FindValue(absl::string_view name) const;
  ValueId FindOutput(absl::string_view name) const;
  // Nodes that read `id`, in order (a node reading it twice is listed once).
  // O(nodes).
  std::vector<NodeId> Consumers(ValueId id) const;

  // --- Changing. Rewrites mostly build a new graph (see copier.h); these are
  // for local edits of types, attributes, operands and constants, never of
  // names.
  Node* mutable_node(NodeId id) { return &nodes_[static_cast<size_t>(id)]; }
  Value* mutable_value(ValueId id) { return &values_[static_cast<size_t>(id)]; }
  void ClearOutputs();
  void ClearUpdates();

  // Re-runs shape inference from inputs, parameters and constants in node
  // order: after a type was changed with mutable_value. Errors as AddNode.
  absl::Status InferTypes();

 private:
  ValueId NewValue(ValueKind kind, TensorType type, std::string name);
  std::string UniqueName(std::string name);
  absl::Status CheckNode(const Node& node, absl::string_view name) const;
  absl::Status Infer(const Node& node, absl::string_view name,
                     std::vector<TensorType>* types) const;

  const OpSet* ops_;
  std::string name_;
  std::deque<Value> values_;  // deque: growing keeps references valid
  std::deque<Node> nodes_;
  std::vector<ValueId> inputs_, parameters_;
  std::vector<Output> outputs_;
  std::vector<Update> updates_;
  absl::flat_hash_map<std::string, ValueId> by_name_;
  absl::flat_hash_map<std::string, int64_t> next_suffix_;
  absl::flat_hash_map<std::string, ValueId> outputs_by_name_;
  absl::flat_hash_set<ValueId> updated_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_GRAPH_H_
