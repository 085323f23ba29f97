// Writing one node of a graph as nodes of ONNX.
#ifndef ASSAY_HARNESS_MODELS_ONNX_EXPORT_NODE_WRITER_H_
#define ASSAY_HARNESS_MODELS_ONNX_EXPORT_NODE_WRITER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "harness/core/dtype.h"
#include "harness/core/tensor.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/models/onnx/proto/onnx_model.h"

namespace assay {

using OnnxAttributes = std::map<std::string, OnnxAttribute, std::less<>>;

// Collects the ONNX nodes that say one node of `graph`. Names are local: the
// operands are "x0", "x1", ..., the results "y0", ..., everything between "t0",
// .... With `widen`, bf16 operands arrive as f32 and results are rounded to
// bf16 at the end: what an op computes in bf16 is defined so, and ONNX has bf16
// for few of its operators. All arguments must outlive the writer.
class NodeWriter {
 public:
  NodeWriter(const Graph& graph, NodeId node, const ParameterStore& parameters,
             bool widen);

  const Attributes& attributes() const { return node_.attributes; }
  size_t operand_count() const { return node_.inputs.size(); }
  bool Has(size_t operand) const;
  const Shape& shape(size_t operand) const;
  int64_t rank(size_t operand) const;
  const TensorType& dst() const { return graph_.type(node_.outputs[0]); }
  // The type under which an operand arrives, and with which dst is computed.
  DType dtype(size_t operand) const;
  DType dst_dtype() const;
  // The value of an operand that is the same in every run; null otherwise.
  const Tensor* Known(size_t operand) const;

  // The name of an operand; "" where it is absent.
  std::string In(size_t operand);
  std::vector<std::string> AllIn();

  // Appends a node with one result, which has the name that is returned.
  std::string Emit(std::string op, std::vector<std::string> inputs,
                   OnnxAttributes attributes = {});
  // The same for a node of several results.
  std::vector<std::string> EmitAll(std::string op,
                                   std::vector<std::string> inputs,
                                   size_t results, OnnxAttributes attributes);
  // Appends the node that makes dst.
  void Result(std::string op, std::vector<std::string> inputs,
              OnnxAttributes attributes = {}) {
    ResultAt(0, std::move(op), std::move(inputs), std::move(attributes));
  }
  // Appends the node that makes result `number`.
  void ResultAt(size_t number, std::string op, std::vector<std::string> inputs,
                OnnxAttributes attributes = {});

  // The node that was appended last is an operator of another domain.
  void SetDomain(std::string domain) {
    nodes_.back().domain = std::move(domain);
  }

  std::string Constant(Tensor value);
  std::string Ints(const std::vector<int64_t>& values);  // s64 of rank 1
  std::string Scalar(DType dtype, double value);         // of rank 0
  std::string Cast(std::string value, DType dtype);

  std::vector<OnnxNode> Take() { return std::move(nodes_); }

 private:
  bool Widened(const TensorType& type) const {
    return widen_ && type.dtype == DType::kBF16;
  }
  void Append(std::string op, std::vector<std::string> inputs,
              std::string output, OnnxAttributes attributes);

  const Graph& graph_;
  const Node& node_;
  const ParameterStore& parameters_;
  const bool widen_;
  std::map<size_t, std::string> widened_;
  int64_t next_ = 0;
  std::vector<OnnxNode> nodes_;
};

// Whether `name` is the operand or result of this number under its local name.
std::string LocalOperand(size_t number);
std::string LocalResult(size_t number);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_ONNX_EXPORT_NODE_WRITER_H_
