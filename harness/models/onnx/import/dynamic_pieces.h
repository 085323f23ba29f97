// The straight parts of a network with control flow under import, and what the
// names of the file stand for between them.
#ifndef ASSAY_HARNESS_MODELS_ONNX_IMPORT_DYNAMIC_PIECES_H_
#define ASSAY_HARNESS_MODELS_ONNX_IMPORT_DYNAMIC_PIECES_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/core/tensor.h"
#include "harness/dynamic/dynamic_graph.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/models/onnx/import/import.h"
#include "harness/models/onnx/import/import_dynamic.h"
#include "harness/models/onnx/proto/onnx_model.h"

namespace assay {

// What an ONNX name stands for: one of the three.
struct OnnxMeaning {
  VariableId variable = kNoVariable;
  TensorType type;  // of the variable
  std::optional<Tensor> constant;
  const OnnxTensor* initializer = nullptr;

  static OnnxMeaning Variable(VariableId id, TensorType type) {
    return {id, std::move(type), std::nullopt, nullptr};
  }
  static OnnxMeaning Constant(Tensor value) {
    return {kNoVariable, {}, std::move(value), nullptr};
  }
  static OnnxMeaning Initializer(const OnnxTensor* tensor) {
    return {kNoVariable, {}, std::nullopt, tensor};
  }
  // Null for a variable.
  const Tensor* Known() const;
};

struct OnnxNames {
  OnnxNames* outer = nullptr;
  std::map<std::string, OnnxMeaning> own;

  OnnxMeaning* Find(const std::string& name);
};

// Where a graph's names are read for the last time.
class OnnxReads {
 public:
  explicit OnnxReads(const OnnxGraph& graph);
  // Whether node `at` or one behind it reads the name, or the graph gives it.
  bool Behind(const std::string& name, size_t at) const;

 private:
  std::map<std::string, size_t> last_;
};

// Appends statements to blocks of `network`. All arguments outlive it.
class DynamicPieces {
 public:
  DynamicPieces(const OnnxModel& model, const OnnxImportOptions& options,
                OnnxDynamicNetwork* network)
      : model_(model), options_(options), network_(*network) {}

  // UNIMPLEMENTED: the network grows beyond its bound.
  absl::Status Append(Statement statement, Block* block);
  absl::Status Copy(VariableId to, VariableId from, Block* block);
  // The meaning as the variable that it is, or as one of its own.
  absl::StatusOr<OnnxMeaning> AsVariable(const OnnxMeaning& meaning,
                                         Block* block);
  // Imports nodes as one piece, of which what is read at node `at` and behind
  // it is wanted; those names mean its results then. `with_values`:
  // options.values may become constants.
  absl::Status Import(const std::vector<OnnxNode>& nodes,
                      const OnnxReads& reads, size_t at, bool with_values,
                      OnnxNames* names, Block* block);

  // Inputs that became constants.
  const std::set<std::string>& bound() const { return bound_; }

 private:
  DynamicGraph& graph() { return network_.graph; }
  OnnxModel ModelOf(const std::vector<OnnxNode>& nodes,
                    const std::vector<std::string>& outputs, OnnxNames* names);
  absl::Status AppendPiece(OnnxNetwork piece, OnnxNames* names, Block* block);
  absl::StatusOr<Graph> TakeParameters(const Graph& piece,
                                       const ParameterStore& parameters);

  const OnnxModel& model_;
  const OnnxImportOptions& options_;
  OnnxDynamicNetwork& network_;
  std::set<std::string> bound_;
  int64_t statements_ = 0;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_ONNX_IMPORT_DYNAMIC_PIECES_H_
