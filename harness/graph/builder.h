// A thin hand for writing graphs: one call per node, errors kept until the end.
#ifndef ASSAY_HARNESS_GRAPH_BUILDER_H_
#define ASSAY_HARNESS_GRAPH_BUILDER_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "harness/graph/graph.h"

namespace assay {

// Appends to a graph. The first error sticks: later calls return kNoValue and
// do nothing, so code reads as straight formulas and checks status() once.
class GraphBuilder {
 public:
  explicit GraphBuilder(Graph* graph) : graph_(graph) {}

  // The first result of a new node.
  ValueId Op(std::string op, std::vector<ValueId> inputs,
             Attributes attributes = {}, std::string name = "");
  // All results of a new node; empty after an error.
  std::vector<ValueId> Ops(std::string op, std::vector<ValueId> inputs,
                           Attributes attributes = {}, std::string name = "");

  ValueId Input(std::string name, DType dtype, Shape shape);
  ValueId Parameter(std::string name, DType dtype, Shape shape);
  ValueId Constant(Tensor value, std::string name = "constant");
  ValueId Scalar(DType dtype, double value);  // rank 0
  void Output(std::string name, ValueId value);
  void Update(ValueId parameter, ValueId value);

  // Shorthands used by gradients and models; binary ones broadcast as NumPy
  // does.
  ValueId Add(ValueId a, ValueId b) { return Op("add", {a, b}); }
  ValueId Sub(ValueId a, ValueId b) { return Op("sub", {a, b}); }
  ValueId Mul(ValueId a, ValueId b) { return Op("mul", {a, b}); }
  ValueId Div(ValueId a, ValueId b) { return Op("div", {a, b}); }
  // a * factor, a + term with a constant of a's type.
  ValueId Scale(ValueId a, double factor);
  ValueId Offset(ValueId a, double term);
  ValueId Reshape(
      ValueId a,
      Shape shape);  // -1: inferred, once; 0: the source's extent there
  ValueId ReduceSum(ValueId a, std::vector<int64_t> axes, bool keep);
  ValueId ReduceMean(ValueId a, std::vector<int64_t> axes, bool keep);
  ValueId Transpose(ValueId a, std::vector<int64_t> permutation);

  const Graph& graph() const { return *graph_; }
  const Shape& shape(ValueId v) const { return graph_->shape(v); }
  DType dtype(ValueId v) const { return graph_->type(v).dtype; }
  const absl::Status& status() const { return status_; }
  bool ok() const { return status_.ok(); }
  void Fail(absl::Status status) {
    if (status_.ok()) status_ = std::move(status);
  }

 private:
  Graph* graph_;
  absl::Status status_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_BUILDER_H_
