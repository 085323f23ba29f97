// What an op is: operands, shape inference, gradient, reference, coupling of
// channels, cost. One OpSchema per op, in harness/ops/<family>;
// harness/ops/ops.inc lists them all.
#ifndef ASSAY_HARNESS_GRAPH_OP_SCHEMA_H_
#define ASSAY_HARNESS_GRAPH_OP_SCHEMA_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "harness/core/tensor.h"
#include "harness/graph/attributes.h"
#include "harness/graph/graph.h"

namespace assay {

class ChannelCoupler;   // channel_groups.h
class GradientBuilder;  // gradient.h

// What shape inference sees of a node. Absent operands have type nullptr.
struct InferContext {
  const Attributes& attributes;
  std::vector<const TensorType*> inputs;
  std::vector<TensorType>* outputs;  // empty; append one type per result
};

// One node's tensors on the host for the reference implementation, f32 or f64
// (and integers where the op takes them). Absent operands are nullptr; outputs
// are allocated, uninitialised.
struct ReferenceContext {
  const Attributes& attributes;
  std::vector<const Tensor*> inputs;
  std::vector<Tensor*> outputs;
};

struct OpSchema {
  std::string name;  // "conv2d"
  int min_inputs = 1,
      max_inputs = 1;      // max_inputs < 0: any number from min_inputs on
  std::string operands{};  // "src weights [bias]": names for error messages and
                           // graph text
  // Attributes that the op understands, with the type that each must have
  // ("int", "real", "text", "ints", "reals"); any other name is refused by
  // AddNode.
  std::map<std::string, std::string> attributes{};

  // Appends the result types to context.outputs (empty before); errors say what
  // was expected and got.
  absl::Status (*infer)(InferContext& context) = nullptr;

  // Readable loops, no tricks: the oracle of every backend's tests. f64
  // operands are computed in f64 throughout, everything else in f32 (sums in
  // double are allowed).
  absl::Status (*reference)(ReferenceContext& context) = nullptr;

  // Adds nodes for d(loss)/d(input i) given d(loss)/d(output j); see
  // gradient.h. Null: no gradient flows through this op (argmax, quantize),
  // which is no error.
  absl::Status (*gradient)(GradientBuilder& builder) = nullptr;

  // Which channels of operands and results must be removed together; see
  // channel_groups.h. Null: every axis of every operand and result is frozen.
  void (*couple)(ChannelCoupler& coupler) = nullptr;

  // Multiply-accumulates of one run at the node's shapes. Null: 0.
  int64_t (*macs)(const Graph& graph, const Node& node) = nullptr;
};

// The ops that a graph may use. Built once, then immutable and safe to share
// between threads.
class OpSet {
 public:
  void Add(OpSchema schema);  // aborts on a name that is taken
  const OpSchema* Find(absl::string_view name) const;  // null when absent
  std::vector<std::string> Names() const;              // sorted

 private:
  std::map<std::string, OpSchema, std::less<>> schemas_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_OP_SCHEMA_H_
