// Writing the graph of an imported network: nodes over constants are computed
// at once, so that shape arithmetic never reaches the graph.
#ifndef ASSAY_HARNESS_MODELS_ONNX_IMPORT_EMITTER_H_
#define ASSAY_HARNESS_MODELS_ONNX_IMPORT_EMITTER_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "harness/core/tensor.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"

namespace assay {

// What import may spend, so that a small file cannot ask for much.
struct EmitLimits {
  int64_t nodes = 200'000;                 // of the graph
  int64_t value_bytes = int64_t{1} << 33;  // of one value
  // Of all constants that are computed, with what they are computed from.
  int64_t computed_elements = int64_t{1} << 28;
  int64_t steps = 2'000'000;  // nodes that are looked at, in every iteration
};

// The network under construction.
struct Draft {
  explicit Draft(const OpSet& ops) : graph(ops) {}
  Graph graph;
  ParameterStore parameters;
  EmitLimits limits;
};

// Appends to a draft. The first error sticks: later calls give kNoValue, empty
// shapes and zeros, and do nothing. Binary shorthands broadcast as NumPy does.
class Emitter {
 public:
  // `prefix` starts the names of the nodes.
  explicit Emitter(Draft* draft, std::string prefix = "")
      : draft_(draft), prefix_(std::move(prefix)) {}

  // The first result, or all; an operand may be kNoValue only where the op has
  // optional ones at the end.
  ValueId Op(const std::string& op, const std::vector<ValueId>& inputs,
             const Attributes& attributes = {});
  std::vector<ValueId> Ops(const std::string& op,
                           const std::vector<ValueId>& inputs,
                           const Attributes& attributes = {});

  ValueId Constant(Tensor value);
  // Whether so many elements of constants may still be computed; fails if not.
  bool MayCompute(int64_t elements);
  ValueId Scalar(DType dtype, double value);  // rank 0
  ValueId Ints(std::vector<int64_t> values);  // s64, rank 1

  // What is known of a value at import: null for what a run computes.
  const Tensor* Known(ValueId v) const;

  Shape shape(ValueId v) const;
  int64_t Rank(ValueId v) const;
  // 1 for an axis that is not there, after an error.
  int64_t Dim(ValueId v, int64_t axis) const;
  DType dtype(ValueId v) const;
  // `axis` counted from the front; fails outside [-rank, rank).
  int64_t Axis(int64_t axis, int64_t rank);
  bool IsFloat(ValueId v) const { return assay::IsFloat(dtype(v)); }

  ValueId Add(ValueId a, ValueId b) { return Op("add", {a, b}); }
  ValueId Sub(ValueId a, ValueId b) { return Op("sub", {a, b}); }
  ValueId Mul(ValueId a, ValueId b) { return Op("mul", {a, b}); }
  ValueId Div(ValueId a, ValueId b) { return Op("div", {a, b}); }
  ValueId Greater(ValueId a, ValueId b) { return Op("greater", {a, b}); }
  ValueId Equal(ValueId a, ValueId b) { return Op("equal", {a, b}); }
  // With a constant of a's type.
  ValueId Scale(ValueId a, double factor);
  ValueId Offset(ValueId a, double term);
  ValueId Cast(ValueId a, DType dtype);  // as the op: rounds half to even
  ValueId Trunc(ValueId a);              // floats towards zero
  ValueId Floor(ValueId a);
  ValueId Not(ValueId a);
  // Any type; `condition` is a bool.
  ValueId Where(ValueId condition, ValueId a, ValueId b);
  // No node where the shape is there already. The extent of axis 0 is copied or
  // inferred where it can be, so that the graph takes other batches.
  ValueId Reshape(ValueId a, Shape to);
  ValueId Transpose(ValueId a, std::vector<int64_t> permutation);
  ValueId MoveAxis(ValueId a, int64_t from, int64_t to);
  ValueId Broadcast(ValueId a, Shape to);
  ValueId Concat(std::vector<ValueId> parts, int64_t axis);
  // Elements [start, end) along one axis.
  ValueId Slice(ValueId a, int64_t axis, int64_t start, int64_t end);
  // Rows along `axis`, which `indices` (known, from the front) name.
  ValueId Pick(ValueId a, int64_t axis, const std::vector<int64_t>& indices);
  ValueId Sum(ValueId a, std::vector<int64_t> axes, bool keep);
  ValueId Mean(ValueId a, std::vector<int64_t> axes, bool keep);

  const Graph& graph() const { return draft_->graph; }
  Draft& draft() { return *draft_; }
  bool ok() const { return status_.ok(); }
  const absl::Status& status() const { return status_; }
  void Fail(absl::Status status) {
    if (status_.ok()) status_ = std::move(status);
  }
  void Refuse(absl::string_view why);   // UNIMPLEMENTED
  void Invalid(absl::string_view why);  // INVALID_ARGUMENT

 private:
  // Fails where `v` has no such axis, counted from the front.
  bool HasAxis(ValueId v, int64_t axis);
  // The results of a node over constants; false when it is to stay a node.
  bool Fold(const std::string& op, const std::vector<ValueId>& inputs,
            const Attributes& attributes, std::vector<ValueId>* results);

  Draft* draft_;
  std::string prefix_;
  absl::Status status_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_ONNX_IMPORT_EMITTER_H_
