// ONNX in: a model's graph in Assay's ops, with its weights as parameters.
#ifndef ASSAY_HARNESS_MODELS_ONNX_IMPORT_IMPORT_H_
#define ASSAY_HARNESS_MODELS_ONNX_IMPORT_IMPORT_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/core/tensor.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/models/onnx/proto/onnx_model.h"

namespace assay {

struct OnnxImportOptions {
  // Extents of dimensions that the file leaves open: by the name of the
  // dimension ("sequence"), or all extents of an input by its name.
  std::map<std::string, int64_t> dimensions;
  std::map<std::string, Shape> shapes;
  // Of dimension 0 of inputs where neither says more.
  int64_t batch = 1;
  // Values of inputs on which shapes, axes or branches depend. Such an input
  // becomes a constant, and no input of the graph; others are left alone.
  std::map<std::string, Tensor> values;
};

struct OnnxNetwork {
  // Inputs and outputs under the file's names and in its order and types.
  Graph graph;
  ParameterStore parameters;
  // Inputs that became constants, sorted: the network holds for their values.
  std::vector<std::string> bound;
};

// Imports a model; README.md lists the ops. Types are static afterwards.
//
//   initializers  of floats, and of 8-bit integers behind a DequantizeLinear,
//                 with more than one element become parameters of their names,
//                 so that the network differentiates and fine-tunes; others,
//                 and everything that depends on them alone, become constants.
//                 A batch norm's statistics are named *.mean and *.variance.
//                 Weights of Gemm and MatMul that nothing else reads are kept
//                 as [outputs, inputs], those of one-dimensional convolutions
//                 as [O, I, 1, k].
//   QDQ           QuantizeLinear and DequantizeLinear become quantize_linear
//                 and dequantize_linear, which lowering turns into integer
//                 kernels.
//   If, Loop      are written out: a branch whose condition is known at import
//                 (else both, and a choice between their results), a body as
//                 often as its trip count says, which must be known.
//
// UNIMPLEMENTED lists all ops outside the table at once, before anything else,
// or names the node and what it asks for. INVALID_ARGUMENT names the node, the
// attribute or operand, expected and got.
absl::StatusOr<OnnxNetwork> ImportOnnx(const OnnxModel& model,
                                       const OnnxImportOptions& options,
                                       const OpSet& ops);

// The ops in the table, sorted.
std::vector<std::string> ImportedOnnxOps();

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_ONNX_IMPORT_IMPORT_H_
