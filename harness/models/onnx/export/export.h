// Graphs as ONNX models: what a user takes to another runtime.
#ifndef ASSAY_HARNESS_MODELS_ONNX_EXPORT_EXPORT_H_
#define ASSAY_HARNESS_MODELS_ONNX_EXPORT_EXPORT_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"

namespace assay {

struct OnnxModel;

// The domain of functions that stand for one op of Assay's; see below.
inline constexpr char kOnnxFunctionDomain[] = "assay";

struct OnnxExportOptions {
  // Writes dimension 0 of inputs as "batch" where any batch gives the same
  // nodes; else the graph's own batch is written.
  bool dynamic_batch = true;
  // An op that takes several nodes of ONNX's is written as a call of a
  // function of the model (domain "assay", named as the op) whose body has
  // them: other runtimes run the body, import knows the op. Off: the nodes
  // stand in the graph, for tools that know no functions.
  bool functions = true;
  // Linear layers with 4-bit weights by group become MatMulNBits, an operator
  // of ONNX Runtime's (domain "com.microsoft"), which multiplies without
  // unpacking. Off: any runtime reads the file, and unpacks.
  bool microsoft_ops = false;
  std::string producer_version;
  std::map<std::string, std::string> metadata;  // by name, for people and tools
};

// A network in inference form with its parameters, at opset kOnnxOpset.
//
//   inputs, outputs  under their names
//   parameters       initializers under their names, those that are read
//   constants        Constant nodes, so that import takes them for constants
//   bf16             computed in f32 and rounded to bf16 after each op
//
// The same graph gives the same model. UNIMPLEMENTED lists every op that ONNX
// cannot say, with its reason. INVALID_ARGUMENT: a graph with updates, or an
// output named as an input or parameter is. NOT_FOUND or INVALID_ARGUMENT: a
// parameter that the store lacks or has with another type. O(graph) and memory
// shared with the tensors.
absl::StatusOr<OnnxModel> ExportOnnx(const Graph& graph,
                                     const ParameterStore& parameters,
                                     const OnnxExportOptions& options = {});

// The same, written to a file atomically.
absl::Status WriteOnnxFile(const std::string& path, const Graph& graph,
                           const ParameterStore& parameters,
                           const OnnxExportOptions& options = {});

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_ONNX_EXPORT_EXPORT_H_
